// Experts of every form in two products and in parts, as ranks compute them: the bits of moe.expert.
// RUN: rm -rf %t && mkdir %t && split-file %s %t
// RUN: env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=%S/../Execution/python %python %t/inputs.py %t
// RUN: for form in plain concat_gate_first concat_up_first interleaved separate swiglu_half; do \
// RUN:   moec run --interpret --entry $form --random 5 --input 0=%t/x.npy --input 1=%t/ids.npy --input 2=%t/by.npy --output-dir %t/alone %t/forms.mlir && \
// RUN:   for tp in 2 3; do \
// RUN:     moe-opt --moe-shard-experts=tp=$tp %t/forms.mlir -o %t/parts.mlir && \
// RUN:     moec run --interpret --ranks $tp --entry $form --random 5 --input 0=%t/x.npy --input 1=%t/ids.npy --input 2=%t/by.npy --output-dir %t/parts %t/parts.mlir && \
// RUN:     cmp %t/alone/output_0.npy %t/parts/output_0.npy || exit 1; \
// RUN:   done; \
// RUN: done
// RUN: moe-opt --moe-shard-experts=tp=2 %t/forms.mlir | FileCheck %s
// CHECK-COUNT-6: moe.expert_hidden
// CHECK-NOT: moe.expert %

//--- inputs.py
import random, sys
import npy

random.seed(2)
ids = [e for _ in range(9) for e in random.sample(range(4), 2)]
numbers = lambda shape: npy.Tensor("f32", shape, npy.pack("f32", [random.uniform(-1, 1) for _ in range(shape[0] * shape[1])]))
npy.write(f"{sys.argv[1]}/x.npy", numbers([9, 6]))
npy.write(f"{sys.argv[1]}/by.npy", numbers([9, 2]))
npy.write(f"{sys.argv[1]}/ids.npy", npy.Tensor("i32", [9, 2], npy.pack("i32", ids)))

//--- forms.mlir
func.func @plain(%x: tensor<?x6xf32>, %ids: tensor<?x2xi32>, %by: tensor<?x2xf32>, %w1: tensor<4x12x6xf32>, %w2: tensor<4x6x12xf32>, %b1: tensor<4x12xf32>, %b2: tensor<4x6xf32>) -> tensor<?x6xf32> {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 4} : tensor<?x6xf32>, tensor<?x2xi32> -> tensor<?x6xf32>, tensor<5xi32>, tensor<?x2xi32>
  %y = moe.expert %rows, %offsets, %w1, %w2 b1(%b1 : tensor<4x12xf32>) b2(%b2 : tensor<4x6xf32>) {activation = #moe.activation<gelu_erf>} : tensor<?x6xf32>, tensor<5xi32>, tensor<4x12x6xf32>, tensor<4x6x12xf32> -> tensor<?x6xf32>
  %out = moe.combine %y at %positions by %by : tensor<?x6xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x6xf32>
  return %out : tensor<?x6xf32>
}
func.func @concat_gate_first(%given: tensor<?x6xf32>, %ids: tensor<?x2xi32>, %by: tensor<?x2xf32>, %w1: tensor<4x6x24xbf16>, %w2: tensor<4x12x6xbf16>, %b1: tensor<4x24xbf16>) -> tensor<?x6xbf16> {
  %x = arith.truncf %given : tensor<?x6xf32> to tensor<?x6xbf16>
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 4} : tensor<?x6xbf16>, tensor<?x2xi32> -> tensor<?x6xbf16>, tensor<5xi32>, tensor<?x2xi32>
  %y = moe.expert %rows, %offsets, %w1, %w2 b1(%b1 : tensor<4x24xbf16>) {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>, layout1 = #moe.layout<in_out>, layout2 = #moe.layout<in_out>} : tensor<?x6xbf16>, tensor<5xi32>, tensor<4x6x24xbf16>, tensor<4x12x6xbf16> -> tensor<?x6xbf16>
  %out = moe.combine %y at %positions by %by : tensor<?x6xbf16>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x6xbf16>
  return %out : tensor<?x6xbf16>
}
func.func @concat_up_first(%given: tensor<?x6xf32>, %ids: tensor<?x2xi32>, %by: tensor<?x2xf32>, %w1: tensor<4x24x6xf16>, %w2: tensor<4x6x12xf16>) -> tensor<?x6xf16> {
  %x = arith.truncf %given : tensor<?x6xf32> to tensor<?x6xf16>
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 4} : tensor<?x6xf16>, tensor<?x2xi32> -> tensor<?x6xf16>, tensor<5xi32>, tensor<?x2xi32>
  %y = moe.expert %rows, %offsets, %w1, %w2 {activation = #moe.activation<gelu_tanh>, gate = #moe.gate<concat_up_first>} : tensor<?x6xf16>, tensor<5xi32>, tensor<4x24x6xf16>, tensor<4x6x12xf16> -> tensor<?x6xf16>
  %out = moe.combine %y at %positions by %by : tensor<?x6xf16>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x6xf16>
  return %out : tensor<?x6xf16>
}
func.func @interleaved(%x: tensor<?x6xf32>, %ids: tensor<?x2xi32>, %by: tensor<?x2xf32>, %w1: tensor<4x6x24xf32>, %w2: tensor<4x6x12xf32>, %b1: tensor<4x24xf32>, %b2: tensor<4x6xf32>) -> tensor<?x6xf32> {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 4} : tensor<?x6xf32>, tensor<?x2xi32> -> tensor<?x6xf32>, tensor<5xi32>, tensor<?x2xi32>
  %y = moe.expert %rows, %offsets, %w1, %w2 b1(%b1 : tensor<4x24xf32>) b2(%b2 : tensor<4x6xf32>) {activation = #moe.activation<silu>, alpha = 1.702 : f64, gate = #moe.gate<interleaved_gate_even>, gate_max = 0.5 : f64, up_abs = 0.25 : f64, up_offset = 1.0 : f64, layout1 = #moe.layout<in_out>} : tensor<?x6xf32>, tensor<5xi32>, tensor<4x6x24xf32>, tensor<4x6x12xf32> -> tensor<?x6xf32>
  %out = moe.combine %y at %positions by %by : tensor<?x6xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x6xf32>
  return %out : tensor<?x6xf32>
}
func.func @separate(%given: tensor<?x6xf32>, %ids: tensor<?x2xi32>, %by: tensor<?x2xf32>, %w1: tensor<4x12x6xf64>, %w3: tensor<4x12x6xf64>, %w2: tensor<4x6x12xf64>, %b1: tensor<4x12xf64>, %b3: tensor<4x12xf64>) -> tensor<?x6xf64> {
  %x = arith.extf %given : tensor<?x6xf32> to tensor<?x6xf64>
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 4} : tensor<?x6xf64>, tensor<?x2xi32> -> tensor<?x6xf64>, tensor<5xi32>, tensor<?x2xi32>
  %y = moe.expert %rows, %offsets, %w1, %w2 b1(%b1 : tensor<4x12xf64>) up(%w3 : tensor<4x12x6xf64>) up_bias(%b3 : tensor<4x12xf64>) {activation = #moe.activation<relu>, gate = #moe.gate<separate>} : tensor<?x6xf64>, tensor<5xi32>, tensor<4x12x6xf64>, tensor<4x6x12xf64> -> tensor<?x6xf64>
  %out = moe.combine %y at %positions by %by : tensor<?x6xf64>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x6xf64>
  return %out : tensor<?x6xf64>
}
func.func @swiglu_half(%x: tensor<?x6xf32>, %ids: tensor<?x2xi32>, %by: tensor<?x2xf32>, %w1: tensor<4x24x6xf32>, %w3: tensor<4x12x6xf32>, %w2: tensor<4x6x12xf32>) -> tensor<?x6xf32> {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 4} : tensor<?x6xf32>, tensor<?x2xi32> -> tensor<?x6xf32>, tensor<5xi32>, tensor<?x2xi32>
  %y = moe.expert %rows, %offsets, %w1, %w2 up(%w3 : tensor<4x12x6xf32>) {activation = #moe.activation<swiglu_half>, gate = #moe.gate<separate>} : tensor<?x6xf32>, tensor<5xi32>, tensor<4x24x6xf32>, tensor<4x6x12xf32> -> tensor<?x6xf32>
  %out = moe.combine %y at %positions by %by : tensor<?x6xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x6xf32>
  return %out : tensor<?x6xf32>
}
