// RUN: moe-opt %s --recognise-contrib-moe --split-input-file | FileCheck %s
// RUN: moe-opt %s --recognise-contrib-moe=dialect=ort-cpu --split-input-file | FileCheck %s --check-prefix=CPU

// CHECK-LABEL: @unfused_gate
// CHECK: rt.check %{{.*}}, invalid_argument, "MoE: router_probs needs one row per token of the input"
// CHECK: moe.route %arg1 {k = 2 : i64, renorm = #moe.renorm<>}
// CHECK: moe.dispatch %arg0 to
// CHECK: moe.expert {{.*}} up(%{{.*}} : tensor<4x16x8xf32>) {activation = #moe.activation<silu>, gate = #moe.gate<separate>}
// CHECK: moe.combine
// CPU: moe.route {{.*}} tie = #moe.tie<higher_index>
func.func @unfused_gate(%x: tensor<?x8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x8x16xf32>,
                        %fc3: tensor<4x16x8xf32>) -> tensor<?x8xf32> {
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 fc3(%fc3 : tensor<4x16x8xf32>)
    {activation = #onnx.expert_activation<silu>, k = 2 : i64, normalize}
    : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: @batches
// CHECK: tensor.collapse_shape %arg0 {{\[\[}}0, 1], [2]] : tensor<?x?x8xf32> into tensor<?x8xf32>
// CHECK: moe.route %arg1 {k = 1 : i64}
// CHECK: moe.expert {{.*}} {activation = #moe.activation<silu>, alpha = 1.702{{.*}} : f64, gate = #moe.gate<concat_gate_first>, gate_max = 7.000000e+00 : f64, up_abs = 7.000000e+00 : f64, up_offset = 1.000000e+00 : f64}
// CHECK: tensor.expand_shape
func.func @batches(%x: tensor<?x?x8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x32x8xf32>, %fc2: tensor<4x8x16xf32>) -> tensor<?x?x8xf32> {
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2
    {activation = #onnx.expert_activation<swiglu>, k = 1 : i64, swiglu_fusion = 2 : i64, activation_alpha = 1.702 : f32,
     activation_beta = 1.0 : f32, swiglu_limit = 7.0 : f32}
    : (tensor<?x?x8xf32>, tensor<?x4xf32>, tensor<4x32x8xf32>, tensor<4x8x16xf32>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}
