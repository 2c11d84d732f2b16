// RUN: moe-opt %s | FileCheck %s
// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s

// CHECK-LABEL: func @plain_product
// CHECK: tile.ragged_matmul rows(%{{.*}} : tensor<?x64xf32>) slabs(%{{.*}} : <1x96x64xf32>) outs(%{{.*}} : tensor<?x96xf32>) -> tensor<?x96xf32> epilogue {
// CHECK-NEXT: ^bb0(%{{.*}}: f32):
// CHECK-NEXT: tile.yield %{{.*}} : f32
func.func @plain_product(%x: tensor<?x64xf32>, %w: !tile.packed<1x96x64xf32>,
                         %o: tensor<?x96xf32>) -> tensor<?x96xf32> {
  %y = tile.ragged_matmul rows(%x : tensor<?x64xf32>) slabs(%w : !tile.packed<1x96x64xf32>)
      outs(%o : tensor<?x96xf32>) -> tensor<?x96xf32> epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return %y : tensor<?x96xf32>
}

// Gate and up, all operands, rounding in the epilogue.
// CHECK-LABEL: func @full_product
// CHECK: tile.ragged_matmul rows(%{{.*}} : memref<?x64xbf16>) gather(%{{.*}} : memref<?xi32>) ranges(%{{.*}} : memref<9xi32>)
// CHECK-SAME: slabs(%{{.*}} : <8x96x64xbf16, columns = 2>) row_args(%{{.*}}, %{{.*}} : memref<?xf32>, memref<?xi32>)
// CHECK-SAME: col_args(%{{.*}} : memref<8x48xf32>) outs(%{{.*}} : memref<?x48xbf16>) epilogue
func.func @full_product(%x: memref<?x64xbf16>, %idx: memref<?xi32>, %off: memref<9xi32>,
                        %w: !tile.packed<8x96x64xbf16, columns = 2>, %r: memref<?xf32>,
                        %i: memref<?xi32>, %c: memref<8x48xf32>, %o: memref<?x48xbf16>) {
  tile.ragged_matmul rows(%x : memref<?x64xbf16>) gather(%idx : memref<?xi32>) ranges(%off : memref<9xi32>)
      slabs(%w : !tile.packed<8x96x64xbf16, columns = 2>) row_args(%r, %i : memref<?xf32>, memref<?xi32>)
      col_args(%c : memref<8x48xf32>) outs(%o : memref<?x48xbf16>) epilogue {
  ^bb0(%gate: f32, %up: f32, %scale: f32, %flag: i32, %bias: f32):
    %zero = arith.constant 0.0 : f32
    %0 = arith.maximumf %gate, %zero : f32
    %1 = arith.mulf %0, %up : f32
    %2 = arith.sitofp %flag : i32 to f32
    %3 = math.fma %1, %scale, %bias : f32
    %4 = arith.addf %3, %2 : f32
    %5 = arith.truncf %4 : f32 to bf16
    tile.yield %5 : bf16
  }
  return
}

// CHECK-LABEL: func @rows
// CHECK: tile.select keys(%{{.*}} : tensor<?x8xf32>) source(%{{.*}} : tensor<?x8xbf16>) outs(%{{.*}} : tensor<?x2xi32>, %{{.*}} : tensor<?x2xbf16>) {tie = #tile.tie<higher_index>} -> tensor<?x2xi32>, tensor<?x2xbf16>
// CHECK: tile.bucket keys(%{{.*}} : tensor<?x2xi32>) outs(%{{.*}}, %{{.*}}, %{{.*}} : tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>) -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
// CHECK: tile.weighted_gather rows(%{{.*}} : tensor<?x64xf16>) places(%{{.*}} : tensor<?x2xi32>) weights(%{{.*}} : tensor<?x2xf32>) outs(%{{.*}} : tensor<?x64xf16>) {term = f16} -> tensor<?x64xf16>
func.func @rows(%z: tensor<?x8xf32>, %s: tensor<?x8xbf16>, %i: tensor<?x2xi32>, %v: tensor<?x2xbf16>,
                %a: tensor<9xi32>, %b: tensor<?xi32>, %c: tensor<?x2xi32>, %r: tensor<?x64xf16>,
                %w: tensor<?x2xf32>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %ids, %values = tile.select keys(%z : tensor<?x8xf32>) source(%s : tensor<?x8xbf16>)
      outs(%i : tensor<?x2xi32>, %v : tensor<?x2xbf16>) {tie = #tile.tie<higher_index>}
      -> tensor<?x2xi32>, tensor<?x2xbf16>
  %off, %src, %pos = tile.bucket keys(%ids : tensor<?x2xi32>)
      outs(%a, %b, %c : tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>)
      -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %y = tile.weighted_gather rows(%r : tensor<?x64xf16>) places(%pos : tensor<?x2xi32>)
      weights(%w : tensor<?x2xf32>) outs(%o : tensor<?x64xf16>) {term = f16} -> tensor<?x64xf16>
  return %y : tensor<?x64xf16>
}

// CHECK-LABEL: func @rows_in_memory
// CHECK: tile.select keys(%{{.*}} : memref<?x8xf32>) outs(%{{.*}} : memref<?x2xi32>, %{{.*}} : memref<?x2xf32>) {tie = #tile.tie<lower_index>}{{$}}
// CHECK: tile.bucket {{.*}} memref<?x2xi32>){{$}}
// CHECK: tile.weighted_gather {{.*}} outs(%{{.*}} : memref<?x64xf32>){{$}}
func.func @rows_in_memory(%z: memref<?x8xf32>, %i: memref<?x2xi32>, %v: memref<?x2xf32>, %a: memref<?xi32>,
                          %b: memref<?xi32>, %c: memref<?x2xi32>, %r: memref<?x64xf32>, %o: memref<?x64xf32>) {
  tile.select keys(%z : memref<?x8xf32>) outs(%i : memref<?x2xi32>, %v : memref<?x2xf32>) {tie = #tile.tie<lower_index>}
  tile.bucket keys(%i : memref<?x2xi32>) outs(%a, %b, %c : memref<?xi32>, memref<?xi32>, memref<?x2xi32>)
  tile.weighted_gather rows(%r : memref<?x64xf32>) places(%c : memref<?x2xi32>) weights(%v : memref<?x2xf32>)
      outs(%o : memref<?x64xf32>)
  return
}

// CHECK-LABEL: func @kernels
// CHECK: tile.pack_rows %{{.*}} to %{{.*}} of %{{.*}} rows(%{{.*}} : memref<?x63xbf16>) gather(%{{.*}} : memref<?xi32>) ranges(%{{.*}} : memref<?xi32>) into(%{{.*}} : memref<?xf32>) {depth = 64 : i64}
// CHECK: tile.panel_product %{{.*}} to %{{.*}} of %{{.*}} packed(%{{.*}} : memref<?xf32>) ranges(%{{.*}} : memref<?xi32>) slabs(%{{.*}} : <8x96x63xbf16>) outs(%{{.*}} : memref<?x96xf32>) epilogue
// CHECK: tile.panels %{{.*}} : <8x96x63xbf16> -> memref<49152xbf16>
func.func @kernels(%begin: index, %end: index, %n: index, %x: memref<?x63xbf16>, %idx: memref<?xi32>,
                   %off: memref<?xi32>, %a: memref<?xf32>, %w: !tile.packed<8x96x63xbf16>, %o: memref<?x96xf32>) {
  tile.pack_rows %begin to %end of %n rows(%x : memref<?x63xbf16>) gather(%idx : memref<?xi32>)
      ranges(%off : memref<?xi32>) into(%a : memref<?xf32>) {depth = 64}
  tile.panel_product %begin to %end of %n packed(%a : memref<?xf32>) ranges(%off : memref<?xi32>)
      slabs(%w : !tile.packed<8x96x63xbf16>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  %p = tile.panels %w : !tile.packed<8x96x63xbf16> -> memref<49152xbf16>
  return
}
