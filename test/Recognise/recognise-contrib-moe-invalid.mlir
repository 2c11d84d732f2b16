// RUN: moe-opt %s --recognise-contrib-moe=dialect=ort-cpu -split-input-file -verify-diagnostics
// RUN: not moe-opt %s --recognise-contrib-moe=dialect=tpu -split-input-file 2>&1 | FileCheck %s
// CHECK: unknown reading 'tpu' of com.microsoft::MoE; there are ort-cuda and ort-cpu

func.func @fusion(%x: tensor<?x8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x32x8xf32>, %fc2: tensor<4x8x16xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{swiglu_fusion = 0 needs fc3 in the reading ort-cpu}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<swiglu>, k = 1 : i64}
    : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x32x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func @experts(%x: tensor<?x8xf32>, %r: tensor<?x?xf32>, %fc1: tensor<?x16x8xf32>, %fc2: tensor<?x8x16xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{has an unknown number of experts}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<relu>, k = 1 : i64}
    : (tensor<?x8xf32>, tensor<?x?xf32>, tensor<?x16x8xf32>, tensor<?x8x16xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func @rank(%x: tensor<*xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x8x16xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{has an operand of unknown rank; run onnx-infer-shapes first}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<relu>, k = 1 : i64}
    : (tensor<*xf32>, tensor<?x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

func.func @empty_and_dynamic(%x: tensor<?x0x8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x8x16xf32>) -> tensor<?x0x8xf32> {
  // expected-error @+1 {{has an input with a size of 0 beside an unknown one; make both known or both unknown}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<relu>, k = 1 : i64}
    : (tensor<?x0x8xf32>, tensor<?x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<?x0x8xf32>
  return %y : tensor<?x0x8xf32>
}
