// RUN: moe-opt %s --convert-onnx-to-tile | FileCheck %s

// What types leave open is checked when it is known, and the run ends with a message.

// A cache may leave open what the keys state.
// CHECK-LABEL: @cache(
// CHECK: rt.check %{{.*}}, invalid_argument, "k and q have different head sizes"
// CHECK: rt.check %{{.*}}, invalid_argument, "the cache has another batch size"
// CHECK: rt.check %{{.*}}, invalid_argument, "the cache has another number of heads"
// CHECK: rt.check %{{.*}}, invalid_argument, "the cache has another head size"
// CHECK: tensor.cast %{{.*}} : tensor<?x?x?x?xf32> to tensor<?x2x?x?xf32>
// CHECK: rt.check %{{.*}}, invalid_argument, "the cache has another batch size"
// CHECK: rt.check %{{.*}}, invalid_argument, "the cache has another number of heads"
// CHECK: rt.check %{{.*}}, invalid_argument, "the cache has another head size"
func.func @cache(%q: tensor<?x2x?x?xf32>, %k: tensor<?x2x?x?xf32>, %v: tensor<?x2x?x?xf32>, %pk: tensor<?x?x?x?xf32>, %pv: tensor<?x?x?x?xf32>) -> tensor<?x2x?x?xf32> {
  %0 = onnx.attention %q, %k, %v past(%pk, %pv : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>) {scale = 0.25 : f32} : (tensor<?x2x?x?xf32>, tensor<?x2x?x?xf32>, tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  return %0 : tensor<?x2x?x?xf32>
}

// CHECK-LABEL: @lengths(
// CHECK: rt.check %{{.*}}, invalid_argument, "nonpad_kv_seqlen and q have different batch sizes"
func.func @lengths(%q: tensor<?x2x5x8xf32>, %n: tensor<?xi64>) -> tensor<?x2x5x8xf32> {
  %0 = onnx.attention %q, %q, %q seqlen(%n : tensor<?xi64>) : (tensor<?x2x5x8xf32>, tensor<?x2x5x8xf32>, tensor<?x2x5x8xf32>) -> tensor<?x2x5x8xf32>
  return %0 : tensor<?x2x5x8xf32>
}

// CHECK-LABEL: @gemm(
// CHECK: rt.check %{{.*}}, invalid_argument, "gemm: the operands have different sizes in an axis of c"
func.func @gemm(%a: tensor<?x4xf32>, %b: tensor<4x8xf32>, %c: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = onnx.gemm %a, %b, %c : (tensor<?x4xf32>, tensor<4x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// And the keys what the cache states.
// CHECK-LABEL: @known_cache(
// CHECK: tensor.cast %{{.*}} : tensor<1x2x?x8xf32> to tensor<?x2x?x8xf32>
func.func @known_cache(%q: tensor<?x2x?x8xf32>, %k: tensor<?x2x?x8xf32>, %pk: tensor<1x2x?x8xf32>) -> tensor<?x2x?x8xf32> {
  %0 = onnx.attention %q, %k, %k past(%pk, %pk : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>) : (tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>) -> tensor<?x2x?x8xf32>
  return %0 : tensor<?x2x?x8xf32>
}
