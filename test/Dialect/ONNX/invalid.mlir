// RUN: moe-opt %s -split-input-file -verify-diagnostics

func.func @case0(%a: tensor<4xi64>) {
  // expected-error @below {{'onnx.unary' op exp expects floating-point numbers, got 'i64'}}
  %y = onnx.unary exp %a : (tensor<4xi64>) -> tensor<4xi64>
  return
}

// -----

func.func @case1(%a: tensor<4xf32>) {
  // expected-error @below {{'onnx.unary' op swish needs the parameter alpha}}
  %y = onnx.unary swish %a : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @case2(%a: tensor<4xf32>) {
  // expected-error @below {{'onnx.unary' op parameter beta has no effect on elu}}
  %y = onnx.unary elu %a {alpha = 1.0 : f32, beta = 2.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @case3(%a: tensor<4xf32>) {
  // expected-error @below {{'onnx.unary' op infers 'tensor<4xi1>' for result 0, but its type is 'tensor<4xf32>'}}
  %y = onnx.unary is_nan %a : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @case4(%a: tensor<2x4xf32>, %b: tensor<3xf32>) {
  // expected-error @below {{'onnx.binary' op expects sizes that broadcast, got 4 and 3 at axis 1}}
  %y = onnx.binary add %a, %b : (tensor<2x4xf32>, tensor<3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @case5(%a: tensor<4xf32>, %b: tensor<4xf64>) {
  // expected-error @below {{'onnx.binary' op expects rhs to have element type 'f32', got 'f64'}}
  %y = onnx.binary add %a, %b : (tensor<4xf32>, tensor<4xf64>) -> tensor<4xf32>
  return
}

// -----

func.func @case6(%a: tensor<4xi64>) {
  // expected-error @below {{'onnx.binary' op and expects booleans, got 'i64'}}
  %y = onnx.binary and %a, %a : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  return
}

// -----

func.func @case7(%a: tensor<2x4xf32>) {
  // expected-error @below {{'onnx.binary' op infers 'tensor<2x4xf32>' for result 0, but its type is 'tensor<2x5xf32>'}}
  %y = onnx.binary add %a, %a : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @case8(%a: tensor<4xi1>) {
  // expected-error @below {{'onnx.compare' op less expects numbers, got 'i1'}}
  %y = onnx.compare less %a, %a : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  return
}

// -----

func.func @case9(%a: tensor<4xf32>, %b: tensor<2xf32>) {
  // expected-error @below {{'onnx.clip' op expects max to be a scalar, got 'tensor<2xf32>'}}
  %y = onnx.clip %a max(%b : tensor<2xf32>) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @case10(%a: tensor<4xf32>, %b: tensor<i64>) {
  // expected-error @below {{'onnx.reduce' op expects axes to have rank 1, got 0}}
  %y = onnx.reduce sum %a, %b : (tensor<4xf32>, tensor<i64>) -> tensor<f32>
  return
}

// -----

func.func @case11(%a: tensor<4x8xf32>) {
  // expected-error @below {{'onnx.transpose' op expects perm to be a permutation of 0 ... 1}}
  %y = onnx.transpose %a {perm = array<i64: 0, 0>} : (tensor<4x8xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @case12(%a: tensor<4x8x2xf32>) {
  // expected-error @below {{'onnx.transpose' op expects x to have rank 2, got 3}}
  %y = onnx.transpose %a {perm = array<i64: 1, 0>} : (tensor<4x8x2xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @case13(%a: tensor<4x8xf32>) {
  // expected-error @below {{'onnx.flatten' op expects 0 <= axis <= rank, got axis 3 of rank 2}}
  %y = onnx.flatten %a {axis = 3 : i64} : (tensor<4x8xf32>) -> tensor<?x?xf32>
  return
}

// -----

func.func @case14(%a: tensor<4x8xf32>, %b: tensor<4x7xf32>) {
  // expected-error @below {{'onnx.concat' op expects axis 1 of input 1 to be 8, got 7}}
  %y = onnx.concat %a, %b {axis = 0 : i64} : (tensor<4x8xf32>, tensor<4x7xf32>) -> tensor<8x?xf32>
  return
}

// -----

func.func @case15(%a: tensor<4x8xf32>) {
  // expected-error @below {{'onnx.concat' op expects 0 <= axis < rank, got axis 2 of rank 2}}
  %y = onnx.concat %a {axis = 2 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @case16(%a: tensor<4xf32>, %b: tensor<3xi64>) {
  // expected-error @below {{'onnx.split' op expects one split size per result, got 3 for 2 results}}
  %y:2 = onnx.split %a, %b {axis = 0 : i64} : (tensor<4xf32>, tensor<3xi64>) -> (tensor<?xf32>, tensor<?xf32>)
  return
}

// -----

func.func @case17(%a: tensor<4x8xf32>, %b: tensor<2xi64>, %c: tensor<1xi64>) {
  // expected-error @below {{'onnx.slice' op expects ends to have 2 elements, got 1}}
  %y = onnx.slice %a, %b, %c, %c : (tensor<4x8xf32>, tensor<2xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?xf32>
  return
}

// -----

func.func @case18(%a: tensor<4x8xf32>, %b: tensor<1xi64>, %c: tensor<1xi32>) {
  // expected-error @below {{'onnx.slice' op expects starts, ends, axes and steps of one element type, got 'i64' and 'i32'}}
  %y = onnx.slice %a, %b, %c, %b : (tensor<4x8xf32>, tensor<1xi64>, tensor<1xi32>, tensor<1xi64>) -> tensor<?x?xf32>
  return
}

// -----

func.func @case19(%a: tensor<4x8xf32>, %b: tensor<2xi64>) {
  // expected-error @below {{'onnx.gather' op infers 'tensor<2x8xf32>' for result 0, but its type is 'tensor<3x8xf32>'}}
  %y = onnx.gather %a, %b {axis = 0 : i64} : (tensor<4x8xf32>, tensor<2xi64>) -> tensor<3x8xf32>
  return
}

// -----

func.func @case20(%a: tensor<4x8xf32>, %b: tensor<2x3xi64>) {
  // expected-error @below {{'onnx.gather_nd' op expects index tuples of 1 to 2 entries, got 3}}
  %y = onnx.gather_nd %a, %b : (tensor<4x8xf32>, tensor<2x3xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @case21(%a: tensor<4x8xf32>, %b: tensor<4x2xi64>, %c: tensor<4x3xf32>) {
  // expected-error @below {{'onnx.scatter_elements' op expects axis 1 of updates to be 2, got 3}}
  %y = onnx.scatter_elements %a, %b, %c {axis = 1 : i64} : (tensor<4x8xf32>, tensor<4x2xi64>, tensor<4x3xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @case22(%a: tensor<4x8xf32>, %b: tensor<2x1xi64>, %c: tensor<2x7xf32>) {
  // expected-error @below {{'onnx.scatter_nd' op expects axis 1 of updates to be 8, got 7}}
  %y = onnx.scatter_nd %a, %b, %c : (tensor<4x8xf32>, tensor<2x1xi64>, tensor<2x7xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @case23(%a: tensor<4xi64>, %b: tensor<i64>, %c: tensor<3xf32>) {
  // expected-error @below {{'onnx.one_hot' op expects values to hold two elements, got 3}}
  %y = onnx.one_hot %a, %b, %c {axis = 0 : i64} : (tensor<4xi64>, tensor<i64>, tensor<3xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @case24(%a: tensor<4xf32>, %b: tensor<2xi64>) {
  // expected-error @below {{'onnx.topk' op expects k to hold one element, got 2}}
  %y:2 = onnx.topk %a, %b {axis = 0 : i64} : (tensor<4xf32>, tensor<2xi64>) -> (tensor<?xf32>, tensor<?xi64>)
  return
}

// -----

func.func @case25(%a: tensor<4x8xf32>, %b: tensor<7x2xf32>) {
  // expected-error @below {{'onnx.matmul' op expects the inner size of rhs to be 8, got 7}}
  %y = onnx.matmul %a, %b : (tensor<4x8xf32>, tensor<7x2xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @case26(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>) {
  // expected-error @below {{'onnx.gemm' op expects the inner size of b to be 8, got 4}}
  %y = onnx.gemm %a, %b {trans_b} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @case27(%a: tensor<4x8xf32>, %b: tensor<8x2xf32>, %c: tensor<3xf32>) {
  // expected-error @below {{'onnx.gemm' op expects axis 0 of c to be 2, got 3}}
  %y = onnx.gemm %a, %b, %c : (tensor<4x8xf32>, tensor<8x2xf32>, tensor<3xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @case28(%a: tensor<4x8xf32>) {
  // expected-error @below {{'onnx.einsum' op expects one term per input, got 2 terms for 1 inputs}}
  %y = onnx.einsum %a {equation = "ij,jk->ik"} : (tensor<4x8xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @case29(%a: tensor<4x8xf32>) {
  // expected-error @below {{'onnx.einsum' op expects axis 'j' to be 8 everywhere, got 4}}
  %y = onnx.einsum %a, %a {equation = "ij,jk->ik"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @case30(%a: tensor<4x8xf32>) {
  // expected-error @below {{'onnx.einsum' op expects axis 'z' of the output to occur in an input, and once in the output}}
  %y = onnx.einsum %a {equation = "ij->z"} : (tensor<4x8xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @case31(%a: tensor<4x8xf32>) {
  // expected-error @below {{'onnx.einsum' op unexpected '1' in the equation}}
  %y = onnx.einsum %a {equation = "i1->i"} : (tensor<4x8xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @case32(%a: tensor<4x8xf32>) {
  // expected-error @below {{'onnx.softmax' op expects 0 <= axis < rank, got axis -1 of rank 2}}
  %y = onnx.softmax %a {axis = -1 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @case33(%a: tensor<4x8xf32>, %b: tensor<7xf32>) {
  // expected-error @below {{'onnx.rms_norm' op expects axis 0 of scale to be 8, got 7}}
  %y = onnx.rms_norm %a, %b {axis = 1 : i64, epsilon = 1.0e-6 : f32, stash = f32} : (tensor<4x8xf32>, tensor<7xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @case34(%a: tensor<1x4x16xf32>, %b: tensor<1x4x8xf32>) {
  // expected-error @below {{'onnx.rotary_embedding' op a 3-d x needs num_heads}}
  %y = onnx.rotary_embedding %a, %b, %b : (tensor<1x4x16xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>) -> tensor<1x4x16xf32>
  return
}

// -----

func.func @case35(%a: tensor<1x2x4x16xf32>, %b: tensor<1x4x16xf32>) {
  // expected-error @below {{'onnx.rotary_embedding' op expects the last size of cos_cache to be 8, got 16}}
  %y = onnx.rotary_embedding %a, %b, %b : (tensor<1x2x4x16xf32>, tensor<1x4x16xf32>, tensor<1x4x16xf32>) -> tensor<1x2x4x16xf32>
  return
}

// -----

func.func @case36(%a: tensor<1x4x5x8xf32>, %b: tensor<1x3x5x8xf32>) {
  // expected-error @below {{'onnx.attention' op expects a multiple of 3 query heads, one per key head, got 4}}
  %y = onnx.attention %a, %b, %b : (tensor<1x4x5x8xf32>, tensor<1x3x5x8xf32>, tensor<1x3x5x8xf32>) -> tensor<1x4x5x8xf32>
  return
}

// -----

func.func @case37(%a: tensor<1x4x16xf32>, %b: tensor<1x4x8xf32>) {
  // expected-error @below {{'onnx.rotary_embedding' op expects num_heads >= 0 and an even rotary_dim >= 0, got -2 and 0}}
  %y = onnx.rotary_embedding %a, %b, %b {num_heads = -2 : i64} : (tensor<1x4x16xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>) -> tensor<1x4x16xf32>
  return
}

// -----

func.func @case38(%a: tensor<4x8xf32>, %b: tensor<2x1xi64>) {
  // expected-error @below {{'onnx.gather_nd' op expects batch_dims >= 0, got -1}}
  %y = onnx.gather_nd %a, %b {batch_dims = -1 : i64} : (tensor<4x8xf32>, tensor<2x1xi64>) -> tensor<2x8xf32>
  return
}

// -----

func.func @case39(%a: tensor<4x8xf32>, %b: tensor<4000000000xi64>) {
  // expected-error @below {{'onnx.expand' op expects shape of at most 1024 elements, got 4000000000}}
  %y = onnx.expand %a, %b : (tensor<4x8xf32>, tensor<4000000000xi64>) -> tensor<*xf32>
  return
}

// -----

func.func @case40(%a: tensor<1x5x8xf32>, %b: tensor<1x2x5x8xf32>) {
  // expected-error @below {{'onnx.attention' op a 3-d q needs q_num_heads and kv_num_heads}}
  %y = onnx.attention %a, %b, %b : (tensor<1x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>) -> tensor<1x5x8xf32>
  return
}

// -----

func.func @case41(%a: tensor<1x2x5x8xf32>) {
  // expected-error @below {{'onnx.attention' op expects qk_matmul_output_mode 0, 1, 2 or 3, got 4}}
  %y = onnx.attention %a, %a, %a {qk_matmul_output_mode = 4 : i64} : (tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>) -> tensor<1x2x5x8xf32>
  return
}

// -----

func.func @unknown_function(%a: tensor<4xf32>) {
  // expected-error @below {{unknown function 'exponential'}}
  %r = onnx.unary exponential %a : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// expected-error @below {{expects one name per axis of 'tensor<?x8xf32>' in 'onnx.dim_names', got 1}}
func.func @dim_names(%x: tensor<?x8xf32> {onnx.dim_names = ["n"]}) {
  return
}

// -----

// expected-error @below {{unknown attribute 'onnx.dims'}}
func.func @unknown_attribute(%x: tensor<?x8xf32> {onnx.dims = ["n"]}) {
  return
}
