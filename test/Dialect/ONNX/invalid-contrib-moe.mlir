// RUN: moe-opt %s -split-input-file -verify-diagnostics

func.func @case0(%x: tensor<?x8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x8x16xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op expects k >= 1, got k = 0}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<silu>, k = 0 : i64} : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @case1(%x: tensor<?x8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x8x16xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op expects k >= 1, got k = -1}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<silu>, k = -1 : i64} : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @case2(%x: tensor<?x8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x8x16xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op expects k <= number of experts, got k = 5 of 4 experts}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<silu>, k = 5 : i64} : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @case3(%x: tensor<?x0xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x16x0xf32>, %fc2: tensor<4x0x16xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op expects a hidden size >= 1, got 0}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<silu>, k = 1 : i64} : (tensor<?x0xf32>, tensor<?x4xf32>, tensor<4x16x0xf32>, tensor<4x0x16xf32>) -> tensor<?x0xf32>
  return
}

// -----

func.func @case4(%x: tensor<?x8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x32x8xf32>, %fc2: tensor<4x8x16xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op expects swiglu_limit >= 0, got -1.000000e+00; leave it out for no limit}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<swiglu>, k = 1 : i64, swiglu_fusion = 1 : i64, swiglu_limit = -1.0 : f32} : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x32x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @case5(%x: tensor<?x8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x8x16xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op expects swiglu_fusion 0, 1 or 2, got 3}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<swiglu>, k = 1 : i64, swiglu_fusion = 3 : i64} : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @case6(%x: tensor<?x8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x8x16xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op the sparse mixer chooses 2 experts, got k = 1}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<silu>, k = 1 : i64, use_sparse_mixer} : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @case7(%x: tensor<?x8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x8x16xf32>, %fc3: tensor<4x16x8xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op with swiglu_fusion = 1 fc1 holds both projections and fc3 must be absent}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 fc3(%fc3 : tensor<4x16x8xf32>) {activation = #onnx.expert_activation<swiglu>, k = 1 : i64, swiglu_fusion = 1 : i64} : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @case8(%x: tensor<?x8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x8x16xf32>, %b: tensor<4x16xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op fc3_bias has no effect without fc3}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 fc3_bias(%b : tensor<4x16xf32>) {activation = #onnx.expert_activation<silu>, k = 1 : i64} : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @case9(%x: tensor<?x8xf32>, %r: tensor<2x?x4xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x8x16xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op expects router to have rank 2, got 3}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<silu>, k = 1 : i64} : (tensor<?x8xf32>, tensor<2x?x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @case10(%x: tensor<8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x8x16xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op expects x to be tokens x hidden or batch x sequence x hidden, got rank 1}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<silu>, k = 1 : i64} : (tensor<8xf32>, tensor<?x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @case11(%x: tensor<?x8xf32>, %r: tensor<?x5xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x8x16xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op expects axis 0 of fc2 to be 5, got 4}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<silu>, k = 1 : i64} : (tensor<?x8xf32>, tensor<?x5xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @case12(%x: tensor<?x8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x16x8xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op expects axis 1 of fc2 to be 8, got 16}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<silu>, k = 1 : i64} : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x16x8xf32>, tensor<4x16x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @case13(%x: tensor<?x8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x8x16xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op expects axis 1 of fc1 (experts x 2 inner x hidden) to be 32, got 16}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<swiglu>, k = 1 : i64, swiglu_fusion = 1 : i64} : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @case14(%x: tensor<?x8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x32x8xf32>, %fc2: tensor<4x8x16xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op expects axis 1 of fc1 (experts x inner x hidden) to be 16, got 32}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<silu>, k = 1 : i64} : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x32x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @case15(%x: tensor<2x3x8xf32>, %r: tensor<5x4xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x8x16xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op expects axis 0 of router to be 6, got 5}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<silu>, k = 1 : i64} : (tensor<2x3x8xf32>, tensor<5x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<2x3x8xf32>
  return
}

// -----

func.func @case16(%x: tensor<?x8xf32>, %r: tensor<?x4xf32>, %fc1: tensor<4x16x8xf16>, %fc2: tensor<4x8x16xf32>) {
  // expected-error @below {{'onnx.contrib_moe' op expects fc1 to have element type 'f32', got 'f16'}}
  %y = onnx.contrib_moe %x, %r, %fc1, %fc2 {activation = #onnx.expert_activation<silu>, k = 1 : i64} : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x16x8xf16>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
  return
}
