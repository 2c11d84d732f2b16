// RUN: moe-opt %s -split-input-file --form-kernels=thread-work=0 -verify-diagnostics | FileCheck %s

// Packing and product; equal kernels are one function.
// CHECK-LABEL: func.func @products
// CHECK-SAME: (%[[X:.*]]: memref<?x63xbf16>, %[[IDX:.*]]: memref<?xi32>, %[[OFF:.*]]: memref<9xi32>, %[[W:.*]]: !tile.packed<8x96x63xbf16>, %[[O:.*]]: memref<?x96xf32>, %{{.*}}: memref<?x96xf32>)
// CHECK: %[[DEPTH:.*]] = arith.constant 64 : index
// CHECK: %[[PANELS:.*]] = arith.constant 3 : index
// CHECK: %[[N:.*]] = memref.dim %[[O]]
// CHECK: %[[SIZE:.*]] = arith.muli %[[N]], %[[DEPTH]]
// CHECK: %[[A:.*]] = memref.alloc(%[[SIZE]]) : memref<?xf32>
// CHECK: rt.launch @pack_rows units(%[[N]]) (%[[X]], %[[IDX]], %[[OFF]], %[[N]], %[[A]])
// Units are the panels of every range that has rows.
// CHECK: %[[RANGES:.*]] = scf.for %{{.*}} iter_args(%[[BEFORE:.*]] = %{{.*}}) -> (index)
// CHECK: memref.load %[[OFF]]
// CHECK: %[[HAS:.*]] = arith.cmpi sgt
// CHECK: %[[ONE:.*]] = arith.select %[[HAS]]
// CHECK: arith.addi %[[BEFORE]], %[[ONE]]
// CHECK: %[[UNITS:.*]] = arith.muli %[[PANELS]], %[[RANGES]]
// At most 16, for ranges of 64 rows on average, are taken at once; all of a range that has up to 4.
// CHECK: %[[SOME:.*]] = arith.maxui %[[RANGES]]
// CHECK: %[[MEAN:.*]] = arith.divui %[[N]], %[[SOME]]
// CHECK: %[[QUARTER:.*]] = arith.divui %[[MEAN]]
// CHECK: %[[MANY:.*]] = arith.maxui %[[QUARTER]]
// CHECK: %[[FEW:.*]] = arith.minui %[[MANY]]
// CHECK: %[[STREAMS:.*]] = arith.cmpi ule, %[[MEAN]]
// CHECK: %[[MOST:.*]] = arith.select %[[STREAMS]], %[[PANELS]], %[[FEW]]
// CHECK: %[[LEAST:.*]] = arith.maxui %[[MOST]]
// CHECK: arith.ceildivui %[[PANELS]], %[[LEAST]]
// CHECK: %[[SHARE:.*]] = arith.ceildivui %[[PANELS]]
// CHECK: %[[GRAIN:.*]] = arith.maxui %[[SHARE]]
// CHECK: rt.launch @panel_product units(%[[UNITS]]) grain(%[[GRAIN]]) (%[[N]], %[[A]], %[[OFF]], %[[W]], %[[O]])
// CHECK: rt.launch @pack_rows units
// CHECK: rt.launch @panel_product units
// CHECK-NOT: rt.launch
// CHECK: return
// CHECK: func.func private @pack_rows(%[[BEGIN:.*]]: index, %[[END:.*]]: index, %{{.*}}: memref<?x63xbf16>, %{{.*}}: memref<?xi32>, %{{.*}}: memref<9xi32>, %{{.*}}: index, %{{.*}}: memref<?xf32>) attributes {rt.kernel}
// CHECK: tile.pack_rows %[[BEGIN]] to %[[END]] of
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
// CHECK: %[[DEPTH:.*]] = arith.constant 64 : index
// CHECK: tile.pack_rows {{.*}} rows(%{{.*}} : memref<?x?xf32>) into(%{{.*}} : memref<?xf32>) depth(%[[DEPTH]])
func.func @dynamic_summands(%x: memref<?x?xf32>, %w: !tile.packed<1x96x64xf32>, %o: memref<?x?xf32>) {
  tile.ragged_matmul rows(%x : memref<?x?xf32>) slabs(%w : !tile.packed<1x96x64xf32>) outs(%o : memref<?x?xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

// Panels that are made at run time; units of ranges of one size are panels of every range.
// CHECK-LABEL: func.func @batched
// CHECK-SAME: (%[[X:.*]]: memref<?x?xbf16>, %[[S:.*]]: memref<?x?x?xbf16>, %[[P:.*]]: memref<?xbf16>, %[[O:.*]]: memref<?x?xf32>)
// CHECK: %[[UNITS:.*]] = arith.muli
// CHECK: rt.launch @pack_panels units(%[[UNITS]]) (%[[S]], %[[P]])
// CHECK: %[[DEPTH:.*]] = arith.muli
// CHECK: %[[PANELS:.*]] = arith.ceildivui
// CHECK: rt.launch @pack_rows units(%[[N:.*]]) (%[[X]], %[[G:.*]], %[[N]], %[[A:.*]], %[[DEPTH]])
// CHECK: %[[ALL:.*]] = arith.muli %[[PANELS]], %[[G]]
// CHECK: rt.launch @panel_product units(%[[ALL]]) (%[[N]], %[[A]], %[[G]], %[[DEPTH]], %[[P]], %[[O]])
// CHECK: tile.pack_panels {{.*}} source(%{{.*}} : memref<?x?x?xbf16>) into(%{{.*}} : memref<?xbf16>) {transposed}
// CHECK: tile.pack_rows {{.*}} batch(%{{.*}}) into(%{{.*}} : memref<?xf32>) depth(%{{.*}})
// CHECK: tile.panel_product {{.*}} batch(%{{.*}}) depth(%{{.*}}) slabs(%{{.*}} : memref<?xbf16>)
func.func @batched(%x: memref<?x?xbf16>, %s: memref<?x?x?xbf16>, %p: memref<?xbf16>, %o: memref<?x?xf32>) {
  tile.pack %s : memref<?x?x?xbf16> outs(%p : memref<?xbf16>) {transposed}
  %c0 = arith.constant 0 : index
  %g = memref.dim %s, %c0 : memref<?x?x?xbf16>
  tile.ragged_matmul rows(%x : memref<?x?xbf16>) batch(%g) slabs(%p : memref<?xbf16>) outs(%o : memref<?x?xf32>) epilogue {
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

// -----

// 4 key heads whose 4 query heads are rows: 4 per query, 48 per unit.
// CHECK-LABEL: func.func @attention
// CHECK-SAME: (%[[Q:.*]]: memref<?x?x16x64xf32>, %[[K:.*]]: memref<?x4x?x64xf32>, %[[V:.*]]: memref<?x4x?x64xf32>, %[[P:.*]]: index, %[[O:.*]]: memref<?x16x?x64xf32>)
// CHECK: %[[S:.*]] = memref.dim %[[Q]], %c1
// CHECK: %[[FOUR:.*]] = arith.constant 4 : index
// CHECK: %[[ROWS:.*]] = arith.muli %[[S]], %[[FOUR]]
// CHECK: %[[MORE:.*]] = arith.addi %[[ROWS]], %c47
// CHECK: %[[BLOCKS:.*]] = arith.divui %[[MORE]], %c48
// CHECK: %[[B:.*]] = memref.dim %[[Q]], %c0
// CHECK: %[[HEADS:.*]] = arith.muli %[[B]], %c4
// CHECK: %[[UNITS:.*]] = arith.muli %[[HEADS]], %[[BLOCKS]]
// CHECK: rt.launch @attention_{{[0-9]+}} units(%[[UNITS]]) (%[[Q]], %[[K]], %[[V]], %[[P]], %[[O]])
// CHECK: func.func private @attention_{{[0-9]+}}(%[[BEGIN:[a-z0-9]+]]: index, %[[END:[a-z0-9]+]]: index,
// CHECK-NEXT: tile.attention_rows %[[BEGIN]] to %[[END]] query({{.*}}) key({{.*}}) value({{.*}}) offset({{.*}}) outs({{.*}})
// CHECK-SAME: {query_layout = #tile.heads<bshd>, right_window = 0 : i64, scale = 1.250000e-01 : f32}
func.func @attention(%q: memref<?x?x16x64xf32>, %k: memref<?x4x?x64xf32>, %v: memref<?x4x?x64xf32>, %p: index,
                     %o: memref<?x16x?x64xf32>) {
  tile.attention query(%q : memref<?x?x16x64xf32>) key(%k : memref<?x4x?x64xf32>) value(%v : memref<?x4x?x64xf32>)
      offset(%p) outs(%o : memref<?x16x?x64xf32>)
      {scale = 0.125 : f32, right_window = 0, query_layout = #tile.heads<bshd>}
  return
}

// -----

// CHECK-LABEL: func.func @copy_onto_itself
// CHECK-NEXT: return
func.func @copy_onto_itself(%x: memref<?x8xf32>) {
  memref.copy %x, %x : memref<?x8xf32> to memref<?x8xf32>
  return
}

// -----

// What writes memory known to be empty is left out.
// CHECK-LABEL: func.func @empty
// CHECK-NOT: rt.launch
// CHECK: return
// CHECK-NOT: func.func
func.func @empty(%x: memref<?x8xf32>, %i: memref<?x0xi32>, %v: memref<?x0xf32>, %w: memref<?x0xi64>) {
  tile.select keys(%x : memref<?x8xf32>) outs(%i : memref<?x0xi32>, %v : memref<?x0xf32>) {tie = #tile.tie<lower_index>}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]} ins(%i : memref<?x0xi32>) outs(%w : memref<?x0xi64>) {
  ^bb0(%in: i32, %out: i64):
    %0 = arith.extsi %in : i32 to i64
    linalg.yield %0 : i64
  }
  return
}
