// RUN: moe-opt %s -split-input-file -verify-diagnostics

// What the types of operands show.

func.func @bitwise_of_floats(%a: tensor<4xf32>) {
  // expected-error @below {{'onnx.binary' op bitwise_and expects integers, got 'f32'}}
  %y = onnx.binary bitwise_and %a, %a : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @gather_nd_scalar(%a: tensor<f32>, %i: tensor<1xi64>) {
  // expected-error @below {{'onnx.gather_nd' op expects x and indices of rank >= 1, got 0 and 1}}
  %y = onnx.gather_nd %a, %i : (tensor<f32>, tensor<1xi64>) -> tensor<f32>
  return
}

// -----

func.func @gather_nd_batches(%a: tensor<4x5xf32>, %i: tensor<4x1xi64>) {
  // expected-error @below {{'onnx.gather_nd' op expects batch_dims below both ranks, got 2}}
  %y = onnx.gather_nd %a, %i {batch_dims = 2 : i64} : (tensor<4x5xf32>, tensor<4x1xi64>) -> tensor<*xf32>
  return
}

// -----

func.func @gather_nd_batch(%a: tensor<4x5xf32>, %i: tensor<3x1xi64>) {
  // expected-error @below {{'onnx.gather_nd' op expects batch axis 0 of indices to be 3, got 4}}
  %y = onnx.gather_nd %a, %i {batch_dims = 1 : i64} : (tensor<4x5xf32>, tensor<3x1xi64>) -> tensor<*xf32>
  return
}

// -----

func.func @one_hot_depths(%i: tensor<4xi64>, %d: tensor<2xi64>, %v: tensor<2xf32>) {
  // expected-error @below {{'onnx.one_hot' op expects depth to be a scalar, got 'tensor<2xi64>'}}
  %y = onnx.one_hot %i, %d, %v {axis = 1 : i64} : (tensor<4xi64>, tensor<2xi64>, tensor<2xf32>) -> tensor<4x?xf32>
  return
}

// -----

func.func @argmax_of_none(%a: tensor<4x0xf32>) {
  // expected-error @below {{'onnx.argmax' op has no element to choose along an axis of size 0}}
  %y = onnx.argmax %a {axis = 1 : i64} : (tensor<4x0xf32>) -> tensor<4xi64>
  return
}

// -----

func.func @argmin_of_none(%a: tensor<4x0xf32>) {
  // expected-error @below {{'onnx.argmin' op has no element to choose along an axis of size 0}}
  %y = onnx.argmin %a {axis = 1 : i64} : (tensor<4x0xf32>) -> tensor<4xi64>
  return
}

// -----

func.func @cumsum_axes(%a: tensor<4xf32>, %x: tensor<2xi64>) {
  // expected-error @below {{'onnx.cumsum' op expects axis to hold one element, got 2}}
  %y = onnx.cumsum %a, %x : (tensor<4xf32>, tensor<2xi64>) -> tensor<4xf32>
  return
}

// -----

func.func @matmul_scalar(%a: tensor<4xf32>, %b: tensor<f32>) {
  // expected-error @below {{'onnx.matmul' op expects operands of rank >= 1}}
  %y = onnx.matmul %a, %b : (tensor<4xf32>, tensor<f32>) -> tensor<*xf32>
  return
}

// -----

func.func @gemm_c(%a: tensor<4x4xf32>, %c: tensor<1x4x4xf32>) {
  // expected-error @below {{'onnx.gemm' op expects c of rank <= 2, got 3}}
  %y = onnx.gemm %a, %a, %c : (tensor<4x4xf32>, tensor<4x4xf32>, tensor<1x4x4xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @einsum_two_ellipses(%a: tensor<4x4xf32>) {
  // expected-error @below {{'onnx.einsum' op expects at most one ellipsis per term}}
  %y = onnx.einsum %a {equation = "...i...->i"} : (tensor<4x4xf32>) -> tensor<*xf32>
  return
}

// -----

func.func @einsum_rank(%a: tensor<4x4xf32>) {
  // expected-error @below {{'onnx.einsum' op expects input 0 to have rank 3, got 2}}
  %y = onnx.einsum %a {equation = "ijk->i"} : (tensor<4x4xf32>) -> tensor<*xf32>
  return
}

// -----

func.func @einsum_output_ellipsis(%a: tensor<4x4xf32>) {
  // expected-error @below {{'onnx.einsum' op the output has an ellipsis that no input has}}
  %y = onnx.einsum %a {equation = "ij->...i"} : (tensor<4x4xf32>) -> tensor<*xf32>
  return
}

// -----

func.func @norm_scale(%a: tensor<4xf32>, %s: tensor<1x4xf32>) {
  // expected-error @below {{'onnx.rms_norm' op expects scale of a rank <= that of x, got 2}}
  %y = onnx.rms_norm %a, %s {axis = 0 : i64, epsilon = 1.0e-05 : f32, stash = f32} : (tensor<4xf32>, tensor<1x4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @constant_of_two(%s: tensor<2xi64>) {
  // expected-error @below {{'onnx.constant_of_shape' op expects a value of one element, got 'tensor<2xf32>'}}
  %y = onnx.constant_of_shape %s {value = dense<0.0> : tensor<2xf32>} : (tensor<2xi64>) -> tensor<?x?xf32>
  return
}

// -----

func.func @pad_value(%a: tensor<4xf32>, %p: tensor<2xi64>, %v: tensor<f32>) {
  // expected-error @below {{'onnx.pad' op value has no effect on mode edge}}
  %y = onnx.pad %a, %p value(%v : tensor<f32>) {mode = #onnx.pad_mode<edge>} : (tensor<4xf32>, tensor<2xi64>) -> tensor<?xf32>
  return
}

// -----

func.func @pad_count(%a: tensor<4xf32>, %p: tensor<3xi64>) {
  // expected-error @below {{'onnx.pad' op expects two pads per axis, got 3 for 1 axes}}
  %y = onnx.pad %a, %p : (tensor<4xf32>, tensor<3xi64>) -> tensor<?xf32>
  return
}

// -----

func.func @trilu_rank(%a: tensor<4xf32>) {
  // expected-error @below {{'onnx.trilu' op expects a rank of at least 2, got 1}}
  %y = onnx.trilu %a {upper = true} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @trilu_k(%a: tensor<4x4xf32>, %k: tensor<2xi64>) {
  // expected-error @below {{'onnx.trilu' op expects k to be a scalar, got 'tensor<2xi64>'}}
  %y = onnx.trilu %a, %k {upper = true} : (tensor<4x4xf32>, tensor<2xi64>) -> tensor<4x4xf32>
  return
}

// -----

func.func @range_of_two(%a: tensor<2xi64>, %b: tensor<i64>) {
  // expected-error @below {{'onnx.range' op expects scalars, got a tensor of 2 elements}}
  %y = onnx.range %a, %b, %b : (tensor<2xi64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  return
}

// -----

func.func @rotary_rank(%a: tensor<5x8xf32>, %c: tensor<16x4xf32>, %p: tensor<1x5xi64>) {
  // expected-error @below {{'onnx.rotary_embedding' op expects x of rank 3 or 4, got 2}}
  %y = onnx.rotary_embedding %a, %c, %c, %p : (tensor<5x8xf32>, tensor<16x4xf32>, tensor<16x4xf32>, tensor<1x5xi64>) -> tensor<5x8xf32>
  return
}

// -----

func.func @rotary_heads(%a: tensor<1x5x16xf32>, %c: tensor<16x4xf32>, %p: tensor<1x5xi64>) {
  // expected-error @below {{'onnx.rotary_embedding' op cannot distribute 16 features over 3 heads}}
  %y = onnx.rotary_embedding %a, %c, %c, %p {num_heads = 3 : i64} : (tensor<1x5x16xf32>, tensor<16x4xf32>, tensor<16x4xf32>, tensor<1x5xi64>) -> tensor<1x5x16xf32>
  return
}

// -----

func.func @rotary_dim(%a: tensor<1x2x5x8xf32>, %c: tensor<16x4xf32>, %p: tensor<1x5xi64>) {
  // expected-error @below {{'onnx.rotary_embedding' op expects rotary_dim <= head size, got 10 of 8}}
  %y = onnx.rotary_embedding %a, %c, %c, %p {rotary_dim = 10 : i64} : (tensor<1x2x5x8xf32>, tensor<16x4xf32>, tensor<16x4xf32>, tensor<1x5xi64>) -> tensor<1x2x5x8xf32>
  return
}

// -----

func.func @attention_heads(%q: tensor<1x2x5x8xf32>, %k: tensor<1x2x5x8xf32>, %v: tensor<1x2x5x8xf32>) {
  // expected-error @below {{'onnx.attention' op expects the number of heads of q to be 2, got 3}}
  %y = onnx.attention %q, %k, %v {q_num_heads = 3 : i64} : (tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>) -> tensor<1x2x5x8xf32>
  return
}

// -----

func.func @attention_rank(%q: tensor<5x8xf32>, %k: tensor<1x2x5x8xf32>, %v: tensor<1x2x5x8xf32>) {
  // expected-error @below {{'onnx.attention' op expects q of rank 3 or 4, got 2}}
  %y = onnx.attention %q, %k, %v : (tensor<5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @attention_features(%q: tensor<1x5x16xf32>, %k: tensor<1x5x16xf32>, %v: tensor<1x5x16xf32>) {
  // expected-error @below {{'onnx.attention' op cannot distribute 16 features of q over 3 heads}}
  %y = onnx.attention %q, %k, %v {q_num_heads = 3 : i64, kv_num_heads = 2 : i64} : (tensor<1x5x16xf32>, tensor<1x5x16xf32>, tensor<1x5x16xf32>) -> tensor<1x5x16xf32>
  return
}

// -----

func.func @attention_3d(%q: tensor<1x5x16xf32>, %k: tensor<1x5x16xf32>, %v: tensor<1x5x16xf32>) {
  // expected-error @below {{'onnx.attention' op a 3-d q needs q_num_heads and kv_num_heads}}
  %y = onnx.attention %q, %k, %v : (tensor<1x5x16xf32>, tensor<1x5x16xf32>, tensor<1x5x16xf32>) -> tensor<1x5x16xf32>
  return
}

// -----

func.func @attention_negative_heads(%q: tensor<1x5x16xf32>, %k: tensor<1x5x16xf32>, %v: tensor<1x5x16xf32>) {
  // expected-error @below {{'onnx.attention' op expects numbers of heads >= 0}}
  %y = onnx.attention %q, %k, %v {q_num_heads = -2 : i64, kv_num_heads = 2 : i64} : (tensor<1x5x16xf32>, tensor<1x5x16xf32>, tensor<1x5x16xf32>) -> tensor<1x5x16xf32>
  return
}

// -----

func.func @attention_softcap(%q: tensor<1x2x5x8xf32>, %k: tensor<1x2x5x8xf32>, %v: tensor<1x2x5x8xf32>) {
  // expected-error @below {{'onnx.attention' op expects softcap >= 0}}
  %y = onnx.attention %q, %k, %v {softcap = -1.0 : f32} : (tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>) -> tensor<1x2x5x8xf32>
  return
}

// -----

func.func @attention_past_and_lengths(%q: tensor<1x2x5x8xf32>, %k: tensor<1x2x5x8xf32>, %v: tensor<1x2x5x8xf32>, %n: tensor<1xi64>) {
  // expected-error @below {{'onnx.attention' op expects either past or nonpad_kv_seqlen, not both}}
  %y = onnx.attention %q, %k, %v past(%q, %q : tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>) seqlen(%n : tensor<1xi64>) : (tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>) -> tensor<1x2x5x8xf32>
  return
}

// -----

func.func @attention_batch_k(%q: tensor<1x2x5x8xf32>, %k: tensor<2x2x5x8xf32>, %v: tensor<1x2x5x8xf32>) {
  // expected-error @below {{'onnx.attention' op expects the batch of k to be 1, got 2}}
  %y = onnx.attention %q, %k, %v : (tensor<1x2x5x8xf32>, tensor<2x2x5x8xf32>, tensor<1x2x5x8xf32>) -> tensor<1x2x5x8xf32>
  return
}

// -----

func.func @attention_batch_v(%q: tensor<1x2x5x8xf32>, %k: tensor<1x2x5x8xf32>, %v: tensor<2x2x5x8xf32>) {
  // expected-error @below {{'onnx.attention' op expects the batch of v to be 1, got 2}}
  %y = onnx.attention %q, %k, %v : (tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<2x2x5x8xf32>) -> tensor<1x2x5x8xf32>
  return
}

// -----

func.func @attention_size_k(%q: tensor<1x2x5x8xf32>, %k: tensor<1x2x5x6xf32>, %v: tensor<1x2x5x8xf32>) {
  // expected-error @below {{'onnx.attention' op expects the head size of k to be 8, got 6}}
  %y = onnx.attention %q, %k, %v : (tensor<1x2x5x8xf32>, tensor<1x2x5x6xf32>, tensor<1x2x5x8xf32>) -> tensor<1x2x5x8xf32>
  return
}

// -----

func.func @attention_heads_v(%q: tensor<1x2x5x8xf32>, %k: tensor<1x2x5x8xf32>, %v: tensor<1x1x5x8xf32>) {
  // expected-error @below {{'onnx.attention' op expects the number of heads of v to be 2, got 1}}
  %y = onnx.attention %q, %k, %v : (tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x1x5x8xf32>) -> tensor<1x2x5x8xf32>
  return
}

// -----

func.func @attention_sequence_v(%q: tensor<1x2x5x8xf32>, %k: tensor<1x2x5x8xf32>, %v: tensor<1x2x6x8xf32>) {
  // expected-error @below {{'onnx.attention' op expects the sequence of v to be 5, got 6}}
  %y = onnx.attention %q, %k, %v : (tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x6x8xf32>) -> tensor<1x2x5x8xf32>
  return
}

// -----

func.func @attention_mask(%q: tensor<1x2x5x8xf32>, %k: tensor<1x2x5x8xf32>, %v: tensor<1x2x5x8xf32>, %m: tensor<1x1x1x5x5xi1>) {
  // expected-error @below {{'onnx.attention' op expects a mask of rank 1 to 4, got 5}}
  %y = onnx.attention %q, %k, %v mask(%m : tensor<1x1x1x5x5xi1>) : (tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>) -> tensor<1x2x5x8xf32>
  return
}
