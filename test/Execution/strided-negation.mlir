// Reading columns of 7 makes the vectoriser load 28 numbers and shuffle; LLVM 22.1 did not end on their negation before
// a multiply-add. The negation is behind the shuffle.
// RUN: timeout -k 1 60 moec compile --quiet %s --target cpu:avx512 -o %t.so
// RUN: moec compile --emit=llvm --target cpu:avx512 %s -o - | FileCheck %s
// CHECK-NOT: fneg <28 x float>
// CHECK: shufflevector <28 x float>
// CHECK-NOT: fneg <28 x float>

func.func @main(%x: tensor<?x7xf32> {rt.name = "x"}) -> (tensor<7x?xf32> {rt.name = "y"}) attributes {rt.entry} {
  %one = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x7xf32>
  %empty = tensor.empty(%rows) : tensor<7x?xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x7xf32>) outs(%empty : tensor<7x?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %negated = arith.negf %in : f32
    %power = math.exp %negated : f32
    %sum = arith.addf %power, %one : f32
    %sigmoid = arith.divf %one, %sum : f32
    linalg.yield %sigmoid : f32
  } -> tensor<7x?xf32>
  return %y : tensor<7x?xf32>
}
