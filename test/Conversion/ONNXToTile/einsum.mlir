// RUN: moe-opt %s -convert-onnx-to-tile -canonicalize -cse | FileCheck %s

// CHECK: #[[DIAGONAL:.*]] = affine_map<(d0, d1) -> (d0, d1, d1)>
// CHECK: rt.weight @packed : !tile.packed<1x3x8xf32> = #rt.pack<#rt.reshape<#rt.file<"w.bin", 0, tensor<3x2x4xf32>>, [3, 8]>, 1>

// A transposition.
// CHECK-LABEL: func @transpose
// CHECK: linalg.transpose {{.*}} permutation = [1, 0]
// CHECK-NOT: linalg.generic
func.func @transpose(%x: tensor<3x4xf32>) -> tensor<4x3xf32> {
  %y = onnx.einsum %x {equation = "ij->ji"} : (tensor<3x4xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// A diagonal is read where it is; what is not named by the output is added up, f16 in f32.
// CHECK-LABEL: func @trace
// CHECK: linalg.generic {indexing_maps = [#[[DIAGONAL]], #{{.*}}], iterator_types = ["parallel", "parallel"]}
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]
// CHECK: arith.extf %{{.*}} : f16 to f32
// CHECK: arith.addf %{{.*}} : f32
// CHECK: arith.truncf %{{.*}} : f32 to f16
func.func @trace(%x: tensor<?x4x4xf16>) -> tensor<?xf16> {
  %y = onnx.einsum %x {equation = "...ii->..."} : (tensor<?x4x4xf16>) -> tensor<?xf16>
  return %y : tensor<?xf16>
}

// Heads that are the third axis become the second; keys are packed as they are then.
// CHECK-LABEL: func @scores
// CHECK: linalg.transpose ins(%{{.*}} : tensor<2x5x4x16xf32>) {{.*}} permutation = [0, 2, 1, 3]
// CHECK: linalg.transpose ins(%{{.*}} : tensor<2x7x4x16xf32>) {{.*}} permutation = [0, 2, 1, 3]
// CHECK: tile.pack {{.*}} {transposed}
// CHECK: tile.ragged_matmul {{.*}} batch(%c8) {{.*}} -> tensor<40x7xf32>
// CHECK-NOT: linalg.generic
func.func @scores(%q: tensor<2x5x4x16xf32>, %k: tensor<2x7x4x16xf32>) -> tensor<2x4x5x7xf32> {
  %y = onnx.einsum %q, %k {equation = "bqhd,bkhd->bhqk"}
      : (tensor<2x5x4x16xf32>, tensor<2x7x4x16xf32>) -> tensor<2x4x5x7xf32>
  return %y : tensor<2x4x5x7xf32>
}

// A weight is packed before the run, on whichever side it is; two axes of it are summed over at once.
// CHECK-LABEL: func @weight
// CHECK: rt.get_weight
// CHECK-NOT: tile.pack %
// CHECK: tile.ragged_matmul rows(%{{.*}} : tensor<?x8xf32>) slabs(%{{.*}} : !tile.packed<1x3x8xf32>)
rt.weight @w : tensor<3x2x4xf32> = #rt.file<"w.bin", 0, tensor<3x2x4xf32>>
func.func @weight(%x: tensor<?x2x4xf32>) -> tensor<?x3xf32> {
  %w = rt.get_weight @w : tensor<3x2x4xf32>
  %y = onnx.einsum %w, %x {equation = "eij,tij->te"} : (tensor<3x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// Without an axis to sum over it is one elementwise op, in the order of the output.
// CHECK-LABEL: func @outer
// CHECK-NOT: tile.
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<3xf32>, tensor<4xf32>) outs(%{{.*}} : tensor<4x3xf32>)
// CHECK: mulf
// CHECK-NOT: linalg.{{generic|transpose}}
func.func @outer(%x: tensor<3xf32>, %y: tensor<4xf32>) -> tensor<4x3xf32> {
  %r = onnx.einsum %x, %y {equation = "i,j->ji"} : (tensor<3xf32>, tensor<4xf32>) -> tensor<4x3xf32>
  return %r : tensor<4x3xf32>
}

// Three operands are two products; integers are plain sums.
// CHECK-LABEL: func @three
// CHECK-COUNT-2: arith.muli
// CHECK-NOT: arith.muli
func.func @three(%x: tensor<3x4xi64>) -> tensor<3x4xi64> {
  %r = onnx.einsum %x, %x, %x {equation = "ij,kj,kl->il"} : (tensor<3x4xi64>, tensor<3x4xi64>, tensor<3x4xi64>) -> tensor<3x4xi64>
  return %r : tensor<3x4xi64>
}

// Sizes that are not proved equal end the run where they differ; axes of ellipses broadcast instead.
// CHECK-LABEL: func @run_time_sizes
// CHECK: rt.check {{.*}} "einsum: the operands have different sizes in an axis of the ellipsis"
// CHECK: rt.check {{.*}} "einsum: the operands have different sizes in axis 'j'"
// CHECK-COUNT-2: tensor.extract
// CHECK: tile.ragged_matmul
func.func @run_time_sizes(%x: tensor<?x3x?xf32>, %y: tensor<?x?x5xf32>) -> tensor<?x3x5xf32> {
  %r = onnx.einsum %x, %y {equation = "...ij,...jk->...ik"} : (tensor<?x3x?xf32>, tensor<?x?x5xf32>) -> tensor<?x3x5xf32>
  return %r : tensor<?x3x5xf32>
}

// An axis of size 1 where another operand has more is none.
// CHECK-LABEL: func @ones
// CHECK: linalg.generic {{.*}} ["parallel", "reduction"]
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<3xf32>, tensor<4xf32>)
func.func @ones(%x: tensor<3x1xf32>, %y: tensor<4x7xf32>) -> tensor<3x4xf32> {
  %r = onnx.einsum %x, %y {equation = "ij,kj->ik"} : (tensor<3x1xf32>, tensor<4x7xf32>) -> tensor<3x4xf32>
  return %r : tensor<3x4xf32>
}
