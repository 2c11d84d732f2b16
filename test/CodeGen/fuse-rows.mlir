// RUN: moe-opt %s --fuse-rows --split-input-file | FileCheck %s
// RUN: moe-opt %s --fuse-rows=fuse=false --split-input-file | FileCheck %s --check-prefix=SINGLE
// SINGLE-LABEL: func.func @softmax
// SINGLE-NOT: linalg.softmax
// SINGLE-COUNT-4: linalg.generic
// SINGLE-LABEL: func.func @norm
// SINGLE-COUNT-5: linalg.generic

// A softmax is four loops; its exponentials are computed once.
// CHECK-LABEL: func @softmax
// CHECK: linalg.generic {{.*}}"reduction"]
// CHECK: arith.maxnumf
// CHECK: linalg.generic {{.*}}["parallel", "parallel"]
// CHECK: math.exp
// CHECK: linalg.generic {{.*}}"reduction"]
// CHECK-NOT: math.exp
// CHECK: arith.addf
// CHECK: linalg.generic {{.*}}["parallel", "parallel"]
// CHECK-NOT: math.exp
// CHECK: arith.divf
// CHECK-NOT: linalg.softmax
func.func @softmax(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x64xf32>
  %e = tensor.empty(%n) : tensor<?x64xf32>
  %y = linalg.softmax dimension(1) ins(%x : tensor<?x64xf32>) outs(%e : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// A root-mean-square norm in bf16: the cast is repeated in both loops, the root
// once per row moves into the loop that uses it.
// CHECK-LABEL: func @norm
// CHECK: linalg.generic {{.*}}"reduction"]{{.*}} ins(%{{.*}} : tensor<?x?xbf16>)
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.extf
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: arith.addf
// CHECK: linalg.generic {{.*}}["parallel", "parallel"]
// CHECK: math.rsqrt
// CHECK: arith.truncf
// CHECK-NOT: linalg.generic
func.func @norm(%x: tensor<?x?xbf16>) -> tensor<?x?xbf16> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c0 : tensor<?x?xbf16>
  %d = tensor.dim %x, %c1 : tensor<?x?xbf16>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n, %d) : tensor<?x?xf32>
  %e1 = tensor.empty(%n) : tensor<?xf32>
  %eb = tensor.empty(%n, %d) : tensor<?x?xbf16>
  %wide = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x?xbf16>) outs(%e : tensor<?x?xf32>) {
  ^bb0(%a: bf16, %o: f32):
    %r = arith.extf %a : bf16 to f32
    linalg.yield %r : f32
  } -> tensor<?x?xf32>
  %squares = linalg.square ins(%wide : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
  %sum = linalg.reduce { arith.addf } ins(%squares : tensor<?x?xf32>) outs(%init : tensor<?xf32>) dimensions = [1]
  %root = linalg.rsqrt ins(%sum : tensor<?xf32>) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%wide, %root : tensor<?x?xf32>, tensor<?xf32>) outs(%eb : tensor<?x?xbf16>) {
  ^bb0(%a: f32, %s: f32, %o: bf16):
    %m = arith.mulf %a, %s : f32
    %r = arith.truncf %m : f32 to bf16
    linalg.yield %r : bf16
  } -> tensor<?x?xbf16>
  return %y : tensor<?x?xbf16>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#column = affine_map<(d0, d1) -> (d1)>

// An exponential per column is not repeated per row.
// CHECK-LABEL: func @per_column
// CHECK: linalg.generic {{.*}}["parallel"]
// CHECK: math.exp
// CHECK: linalg.generic {{.*}}["parallel", "parallel"]
// CHECK-NOT: math.exp
func.func @per_column(%x: tensor<?x64xf32>, %w: tensor<64xf32>) -> tensor<?x64xf32> {
  %e = tensor.empty() : tensor<64xf32>
  %f = linalg.exp ins(%w : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  %y = linalg.generic {indexing_maps = [#column, #id], iterator_types = ["parallel", "parallel"]}
      ins(%f : tensor<64xf32>) outs(%x : tensor<?x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.mulf %a, %o : f32
    linalg.yield %m : f32
  } -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// Ones that are summed along a row: fused, the sum could not tell how long it is.
// CHECK-LABEL: func @sum_of_ones
// CHECK: linalg.generic {{.*}}["parallel", "parallel"]} outs({{.*}} : tensor<?x?xf32>)
// CHECK: linalg.generic {{.*}}["parallel", "reduction"]} ins({{.*}} : tensor<?x?xf32>) outs({{.*}} : tensor<?xf32>)
func.func @sum_of_ones(%n: index, %m: index) -> tensor<?xf32> {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty(%n, %m) : tensor<?x?xf32>
  %x = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]}
      outs(%e : tensor<?x?xf32>) {
    ^bb0(%o: f32):
      linalg.yield %one : f32
  } -> tensor<?x?xf32>
  %f = tensor.empty(%n) : tensor<?xf32>
  %y = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x?xf32>) outs(%f : tensor<?xf32>) {
    ^bb0(%v: f32, %o: f32):
      %s = arith.addf %o, %v : f32
      linalg.yield %s : f32
  } -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

// On memrefs nothing is left to be fused.
// CHECK-LABEL: func @memrefs
// CHECK-NEXT: linalg.softmax
func.func @memrefs(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  linalg.softmax dimension(1) ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>)
  return
}

// -----

#id = affine_map<(d0) -> (d0)>

// An element-wise op writes over its operand where it is the last reader of it.
// CHECK-LABEL: func @overwrite
// CHECK: %[[A:.*]] = linalg.generic {{.*}} ins(%arg0
// CHECK: linalg.generic {{.*}} ins(%[[A]] {{.*}} outs(%{{.*}} : tensor<f32>)
// CHECK: linalg.generic {{.*}} ins(%[[A]], %{{.*}}) outs(%[[A]]
func.func @overwrite(%x: tensor<64xf32>, %s: tensor<f32>) -> tensor<64xf32> {
  %e = tensor.empty() : tensor<64xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<64xf32>) outs(%e : tensor<64xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<64xf32>
  %sum = linalg.generic {indexing_maps = [#id, affine_map<(d0) -> ()>], iterator_types = ["reduction"]}
      ins(%a : tensor<64xf32>) outs(%s : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  } -> tensor<f32>
  %b = linalg.generic {indexing_maps = [#id, affine_map<(d0) -> ()>, #id], iterator_types = ["parallel"]}
      ins(%a, %sum : tensor<64xf32>, tensor<f32>) outs(%e : tensor<64xf32>) {
  ^bb0(%in: f32, %t: f32, %out: f32):
    %0 = arith.divf %in, %t : f32
    linalg.yield %0 : f32
  } -> tensor<64xf32>
  return %b : tensor<64xf32>
}

// -----

#id = affine_map<(d0) -> (d0)>

// What an op reads twice is fused once.
// CHECK-LABEL: func @doubled
// CHECK: linalg.generic
// CHECK: arith.addf %[[X:.*]], %[[X]]
// CHECK: arith.addf %[[Y:.*]], %[[Y]]
// CHECK-NOT: arith.addf
// CHECK: linalg.yield
func.func @doubled(%x: tensor<64xf32>) -> tensor<64xf32> {
  %e = tensor.empty() : tensor<64xf32>
  %a = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%x, %x : tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64xf32>) {
  ^bb0(%l: f32, %r: f32, %out: f32):
    %0 = arith.addf %l, %r : f32
    linalg.yield %0 : f32
  } -> tensor<64xf32>
  %b = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%a, %a : tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64xf32>) {
  ^bb0(%l: f32, %r: f32, %out: f32):
    %0 = arith.addf %l, %r : f32
    linalg.yield %0 : f32
  } -> tensor<64xf32>
  return %b : tensor<64xf32>
}
