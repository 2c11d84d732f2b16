// RUN: moe-opt %s -split-input-file -form-kernels -verify-diagnostics | FileCheck %s

// Packing and product; equal kernels are one function.
// CHECK-LABEL: func.func @products
// CHECK-SAME: (%[[X:.*]]: memref<?x63xbf16>, %[[IDX:.*]]: memref<?xi32>, %[[OFF:.*]]: memref<9xi32>, %[[W:.*]]: !tile.packed<8x96x63xbf16>, %[[O:.*]]: memref<?x96xf32>, %{{.*}}: memref<?x96xf32>)
// CHECK: %[[N:.*]] = memref.dim %[[O]]
// CHECK: %[[DEPTH:.*]] = arith.constant 64 : index
// CHECK: %[[SIZE:.*]] = arith.muli %[[N]], %[[DEPTH]]
// CHECK: %[[A:.*]] = memref.alloc(%[[SIZE]]) : memref<?xf32>
// CHECK: rt.launch @pack_rows units(%[[N]]) (%[[X]], %[[IDX]], %[[OFF]], %[[N]], %[[A]])
// CHECK: %[[PANELS:.*]] = arith.constant 3 : index
// CHECK: rt.launch @panel_product units(%[[PANELS]]) (%[[N]], %[[A]], %[[OFF]], %[[W]], %[[O]])
// CHECK: rt.launch @pack_rows units
// CHECK: rt.launch @panel_product units
// CHECK-NOT: rt.launch
// CHECK: return
// CHECK: func.func private @pack_rows(%[[BEGIN:.*]]: index, %[[END:.*]]: index, %{{.*}}: memref<?x63xbf16>, %{{.*}}: memref<?xi32>, %{{.*}}: memref<9xi32>, %{{.*}}: index, %{{.*}}: memref<?xf32>) attributes {rt.kernel}
// CHECK-NEXT: tile.pack_rows %[[BEGIN]] to %[[END]] of
// CHECK: func.func private @panel_product(
// CHECK-SAME: attributes {rt.kernel}
// CHECK-NEXT: tile.panel_product
// CHECK-NOT: func.func
func.func @products(%x: memref<?x63xbf16>, %idx: memref<?xi32>, %off: memref<9xi32>, %w: !tile.packed<8x96x63xbf16>,
                    %o: memref<?x96xf32>, %o2: memref<?x96xf32>) {
  tile.ragged_matmul rows(%x : memref<?x63xbf16>) gather(%idx : memref<?xi32>) ranges(%off : memref<9xi32>)
      slabs(%w : !tile.packed<8x96x63xbf16>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  tile.ragged_matmul rows(%x : memref<?x63xbf16>) gather(%idx : memref<?xi32>) ranges(%off : memref<9xi32>)
      slabs(%w : !tile.packed<8x96x63xbf16>) outs(%o2 : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

// Another epilogue or other operands make another kernel; a name that is taken stays the user's.
// CHECK-LABEL: func.func private @pack_rows()
// CHECK: rt.launch @[[PACK:pack_rows_[0-9]+]] units
// CHECK: rt.launch @panel_product units
// CHECK: rt.launch @[[PACK]] units
// CHECK: rt.launch @[[OTHER:panel_product_[0-9]+]] units
// CHECK: func.func private @[[PACK]](
// CHECK: func.func private @panel_product(
// CHECK: func.func private @[[OTHER]](
// CHECK: arith.negf
func.func private @pack_rows()
func.func @other_epilogue(%x: memref<?x64xf32>, %w: !tile.packed<1x96x64xf32>, %o: memref<?x96xf32>) {
  tile.ragged_matmul rows(%x : memref<?x64xf32>) slabs(%w : !tile.packed<1x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  tile.ragged_matmul rows(%x : memref<?x64xf32>) slabs(%w : !tile.packed<1x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    %0 = arith.negf %acc : f32
    tile.yield %0 : f32
  }
  return
}

// -----

// Row kernels see the rows of their units; a bucket is one unit. Kernels stay as they are.
// CHECK-LABEL: func.func @rows
// CHECK: %[[ROWS:.*]] = memref.dim
// CHECK: rt.launch @select units(%[[ROWS]])
// CHECK: %[[ONE:.*]] = arith.constant 1 : index
// CHECK: rt.launch @bucket units(%[[ONE]])
// CHECK: rt.launch @weighted_gather units
// CHECK: func.func private @select(%[[BEGIN:.*]]: index, %[[END:.*]]: index, %[[Z:.*]]: memref<?x8xf32>
// CHECK: %[[COUNT:.*]] = arith.subi %[[END]], %[[BEGIN]]
// CHECK: %[[VIEW:.*]] = memref.subview %[[Z]][%[[BEGIN]], 0] [%[[COUNT]], 8] [1, 1]
// CHECK: tile.select keys(%[[VIEW]] :
// CHECK: func.func private @bucket(
// CHECK: tile.bucket
// CHECK: func.func private @weighted_gather(%{{.*}}: index, %{{.*}}: index, %[[R:.*]]: memref<?x64xf32>, %
// CHECK: tile.weighted_gather rows(%[[R]] :
func.func @rows(%z: memref<?x8xf32>, %i: memref<?x2xi32>, %v: memref<?x2xf32>, %a: memref<?xi32>,
                %b: memref<?xi32>, %c: memref<?x2xi32>, %r: memref<?x64xf32>, %o: memref<?x64xf32>) {
  tile.select keys(%z : memref<?x8xf32>) outs(%i : memref<?x2xi32>, %v : memref<?x2xf32>) {tie = #tile.tie<lower_index>}
  tile.bucket keys(%i : memref<?x2xi32>) outs(%a, %b, %c : memref<?xi32>, memref<?xi32>, memref<?x2xi32>)
  tile.weighted_gather rows(%r : memref<?x64xf32>) places(%c : memref<?x2xi32>) weights(%v : memref<?x2xf32>)
      outs(%o : memref<?x64xf32>)
  return
}

// -----

// Rows of a run-time width, as bufferization may leave them.
// CHECK-LABEL: func.func @dynamic_summands
// CHECK: tile.pack_rows {{.*}} rows(%{{.*}} : memref<?x?xf32>) into(%{{.*}} : memref<?xf32>) {depth = 64 : i64}
func.func @dynamic_summands(%x: memref<?x?xf32>, %w: !tile.packed<1x96x64xf32>, %o: memref<?x?xf32>) {
  tile.ragged_matmul rows(%x : memref<?x?xf32>) slabs(%w : !tile.packed<1x96x64xf32>) outs(%o : memref<?x?xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @tensors(%z: tensor<?x8xf32>, %i: tensor<?x2xi32>, %v: tensor<?x2xf32>) {
  // expected-error @+1 {{is still on tensors; bufferize before form-kernels}}
  %ids, %values = tile.select keys(%z : tensor<?x8xf32>) outs(%i : tensor<?x2xi32>, %v : tensor<?x2xf32>)
      {tie = #tile.tie<lower_index>} -> tensor<?x2xi32>, tensor<?x2xf32>
  return
}
