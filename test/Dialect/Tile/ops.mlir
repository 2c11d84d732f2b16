// RUN: moe-opt %s | FileCheck %s
// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s

// CHECK-LABEL: func @plain_product
// CHECK: tile.ragged_matmul rows(%{{.*}} : tensor<?x64xf32>) slabs(%{{.*}} : !tile.packed<1x96x64xf32>) outs(%{{.*}} : tensor<?x96xf32>) -> tensor<?x96xf32> epilogue {
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
// CHECK-SAME: slabs(%{{.*}} : !tile.packed<8x96x64xbf16, columns = 2>) row_args(%{{.*}}, %{{.*}} : memref<?xf32>, memref<?xi32>)
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

// CHECK-LABEL: func @scatter_and_compact
// CHECK: tile.scatter updates(%{{.*}} : tensor<?x64xf32>) places(%{{.*}} : tensor<?xi64>) outs(%{{.*}} : tensor<?x64xf32>) {combine = #tile.combine<add>} -> tensor<?x64xf32>
// CHECK: tile.compact flags(%{{.*}} : tensor<?xi8>) outs(%{{.*}} : tensor<?xi64>) -> tensor<?xi64>
func.func @scatter_and_compact(%u: tensor<?x64xf32>, %p: tensor<?xi64>, %x: tensor<?x64xf32>, %f: tensor<?xi8>)
    -> (tensor<?x64xf32>, tensor<?xi64>) {
  %y = tile.scatter updates(%u : tensor<?x64xf32>) places(%p : tensor<?xi64>) outs(%x : tensor<?x64xf32>)
      {combine = #tile.combine<add>} -> tensor<?x64xf32>
  %q = tile.compact flags(%f : tensor<?xi8>) outs(%p : tensor<?xi64>) -> tensor<?xi64>
  return %y, %q : tensor<?x64xf32>, tensor<?xi64>
}

// CHECK-LABEL: func @kernels
// CHECK: tile.pack_rows %{{.*}} to %{{.*}} of %{{.*}} rows(%{{.*}} : memref<?x63xbf16>) gather(%{{.*}} : memref<?xi32>) ranges(%{{.*}} : memref<?xi32>) into(%{{.*}} : memref<?xf32>) depth(%{{.*}})
// CHECK: tile.panel_product %{{.*}} to %{{.*}} of %{{.*}} packed(%{{.*}} : memref<?xf32>) ranges(%{{.*}} : memref<?xi32>) slabs(%{{.*}} : !tile.packed<8x96x63xbf16>) outs(%{{.*}} : memref<?x96xf32>) epilogue
// CHECK: tile.panels %{{.*}} : <8x96x63xbf16> -> memref<49152xbf16>
func.func @kernels(%begin: index, %end: index, %n: index, %x: memref<?x63xbf16>, %idx: memref<?xi32>,
                   %off: memref<?xi32>, %a: memref<?xf32>, %w: !tile.packed<8x96x63xbf16>, %o: memref<?x96xf32>) {
  tile.pack_rows %begin to %end of %n rows(%x : memref<?x63xbf16>) gather(%idx : memref<?xi32>)
      ranges(%off : memref<?xi32>) into(%a : memref<?xf32>) depth(%n)
  tile.panel_product %begin to %end of %n packed(%a : memref<?xf32>) ranges(%off : memref<?xi32>)
      slabs(%w : !tile.packed<8x96x63xbf16>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  %p = tile.panels %w : !tile.packed<8x96x63xbf16> -> memref<49152xbf16>
  return
}

// CHECK-LABEL: func @attention
// CHECK: tile.attention query(%{{.*}} : tensor<?x4x?x16xf32>) key(%{{.*}} : tensor<?x2x?x16xf32>) value(%{{.*}} : tensor<?x2x?x24xf32>) outs(%{{.*}} : tensor<?x4x?x24xf32>) {scale = 2.500000e-01 : f32} -> tensor<?x4x?x24xf32>
func.func @attention(%q: tensor<?x4x?x16xf32>, %k: tensor<?x2x?x16xf32>, %v: tensor<?x2x?x24xf32>,
                     %o: tensor<?x4x?x24xf32>) -> tensor<?x4x?x24xf32> {
  %y = tile.attention query(%q : tensor<?x4x?x16xf32>) key(%k : tensor<?x2x?x16xf32>) value(%v : tensor<?x2x?x24xf32>)
      outs(%o : tensor<?x4x?x24xf32>) {scale = 0.25 : f32} -> tensor<?x4x?x24xf32>
  return %y : tensor<?x4x?x24xf32>
}

// CHECK-LABEL: func @full_attention
// CHECK: tile.attention query({{.*}}) key({{.*}}) value({{.*}}) mask(%{{.*}} : memref<1x1x?x?xi8>) lengths(%{{.*}} : memref<?xi64>) offset(%{{.*}}) outs({{.*}})
// CHECK-SAME: {key_layout = #tile.heads<bshd>, left_window = 7 : i64, nan_rows, right_window = 0 : i64, scale = 2.500000e-01 : f32, softcap = 3.000000e+01 : f32}{{$}}
// CHECK: tile.attention_rows %{{.*}} to %{{.*}} query({{.*}}) key({{.*}}) value({{.*}}) mask(%{{.*}} : memref<1x1x?x?xi8>) lengths(%{{.*}} : memref<?xi64>) offset(%{{.*}}) outs({{.*}})
// CHECK-SAME: {key_layout = #tile.heads<bshd>, right_window = 0 : i64, scale = 2.500000e-01 : f32}
func.func @full_attention(%q: memref<?x4x?x16xbf16>, %k: memref<?x?x2x16xbf16>, %v: memref<?x2x?x24xbf16>,
                          %m: memref<1x1x?x?xi8>, %n: memref<?xi64>, %p: index, %o: memref<?x4x?x24xf32>) {
  tile.attention query(%q : memref<?x4x?x16xbf16>) key(%k : memref<?x?x2x16xbf16>) value(%v : memref<?x2x?x24xbf16>)
      mask(%m : memref<1x1x?x?xi8>) lengths(%n : memref<?xi64>) offset(%p) outs(%o : memref<?x4x?x24xf32>)
      {scale = 0.25 : f32, softcap = 30.0 : f32, left_window = 7, right_window = 0, nan_rows,
       key_layout = #tile.heads<bshd>}
  tile.attention_rows %p to %p query(%q : memref<?x4x?x16xbf16>) key(%k : memref<?x?x2x16xbf16>)
      value(%v : memref<?x2x?x24xbf16>) mask(%m : memref<1x1x?x?xi8>) lengths(%n : memref<?xi64>) offset(%p)
      outs(%o : memref<?x4x?x24xf32>) {scale = 0.25 : f32, right_window = 0, key_layout = #tile.heads<bshd>}
  return
}

// CHECK-LABEL: func @along_axis
// CHECK: tile.scan rows(%{{.*}} : tensor<?x8xi64>) outs(%{{.*}} : tensor<?x8xi64>) {axis = 1 : i64, reverse} -> tensor<?x8xi64>
// CHECK: tile.sort keys(%{{.*}} : tensor<?x8xf32>) outs(%{{.*}} : tensor<?x8xi64>) {axis = 0 : i64, descending} -> tensor<?x8xi64>
func.func @along_axis(%x: tensor<?x8xi64>, %z: tensor<?x8xf32>, %o: tensor<?x8xi64>) -> (tensor<?x8xi64>, tensor<?x8xi64>) {
  %s = tile.scan rows(%x : tensor<?x8xi64>) outs(%o : tensor<?x8xi64>) {axis = 1 : i64, reverse} -> tensor<?x8xi64>
  %p = tile.sort keys(%z : tensor<?x8xf32>) outs(%o : tensor<?x8xi64>) {axis = 0 : i64, descending} -> tensor<?x8xi64>
  return %s, %p : tensor<?x8xi64>, tensor<?x8xi64>
}

// CHECK-LABEL: func @pack
// CHECK: tile.pack %{{.*}} : tensor<?x?x64xf32> outs(%{{.*}} : tensor<?xf32>) {transposed} -> tensor<?xf32>
// CHECK: tile.pack %{{.*}} : tensor<2x63x40xbf16> outs(%{{.*}} : tensor<8192xbf16>) -> tensor<8192xbf16>
func.func @pack(%x: tensor<?x?x64xf32>, %o: tensor<?xf32>, %y: tensor<2x63x40xbf16>, %p: tensor<8192xbf16>)
    -> (tensor<?xf32>, tensor<8192xbf16>) {
  %a = tile.pack %x : tensor<?x?x64xf32> outs(%o : tensor<?xf32>) {transposed} -> tensor<?xf32>
  %b = tile.pack %y : tensor<2x63x40xbf16> outs(%p : tensor<8192xbf16>) -> tensor<8192xbf16>
  return %a, %b : tensor<?xf32>, tensor<8192xbf16>
}

// Panels that are made at run time, one product per batch entry, and an operand as large as the result.
// CHECK-LABEL: func @batched_product
// CHECK: tile.ragged_matmul rows(%{{.*}} : tensor<?x?xf16>) batch(%{{.*}}) slabs(%{{.*}} : tensor<?xf16>) elem_args(%{{.*}} : tensor<?x?xf32>) outs(%{{.*}} : tensor<?x?xf32>) -> tensor<?x?xf32> epilogue
// CHECK-NEXT: ^bb0(%{{.*}}: f32, %{{.*}}: f32):
func.func @batched_product(%x: tensor<?x?xf16>, %g: index, %p: tensor<?xf16>, %r: tensor<?x?xf32>,
                           %o: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %y = tile.ragged_matmul rows(%x : tensor<?x?xf16>) batch(%g) slabs(%p : tensor<?xf16>)
      elem_args(%r : tensor<?x?xf32>) outs(%o : tensor<?x?xf32>) -> tensor<?x?xf32> epilogue {
  ^bb0(%acc: f32, %residual: f32):
    %sum = arith.addf %acc, %residual : f32
    tile.yield %sum : f32
  }
  return %y : tensor<?x?xf32>
}

// CHECK-LABEL: func @batched_kernels
// CHECK: tile.pack_panels %{{.*}} to %{{.*}} source(%{{.*}} : memref<?x64x?xbf16>) into(%{{.*}} : memref<?xbf16>) {transposed}
// CHECK: tile.pack_rows %{{.*}} to %{{.*}} of %{{.*}} rows(%{{.*}} : memref<?x?xf32>) batch(%{{.*}}) into(%{{.*}} : memref<?xf32>) depth(%{{.*}})
// CHECK: tile.panel_product %{{.*}} to %{{.*}} of %{{.*}} packed(%{{.*}} : memref<?xf32>) batch(%{{.*}}) depth(%{{.*}}) slabs(%{{.*}} : memref<?xbf16>) elem_args(%{{.*}} : memref<?x?xf32>) outs(%{{.*}} : memref<?x?xf32>) epilogue
func.func @batched_kernels(%n: index, %s: memref<?x64x?xbf16>, %p: memref<?xbf16>, %x: memref<?x?xf32>,
                           %a: memref<?xf32>, %r: memref<?x?xf32>, %o: memref<?x?xf32>) {
  tile.pack_panels %n to %n source(%s : memref<?x64x?xbf16>) into(%p : memref<?xbf16>) {transposed}
  tile.pack_rows %n to %n of %n rows(%x : memref<?x?xf32>) batch(%n) into(%a : memref<?xf32>) depth(%n)
  tile.panel_product %n to %n of %n packed(%a : memref<?xf32>) batch(%n) depth(%n) slabs(%p : memref<?xbf16>)
      elem_args(%r : memref<?x?xf32>) outs(%o : memref<?x?xf32>) epilogue {
  ^bb0(%acc: f32, %residual: f32):
    tile.yield %acc : f32
  }
  return
}
