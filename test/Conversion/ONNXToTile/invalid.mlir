// RUN: moe-opt %s -split-input-file -convert-onnx-to-tile -verify-diagnostics

func.func @rank(%a: tensor<*xf32>, %b: tensor<3x5xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{has no lowering yet: the rank of an operand is unknown}}
  %0 = onnx.matmul %a, %b : (tensor<*xf32>, tensor<3x5xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @types(%a: tensor<?x3xui8>, %b: tensor<3x5xui8>, %c: tensor<2x3xi32>, %d: tensor<3x5xi32>)
    -> (tensor<?x5xui8>, tensor<2x5xi32>) {
  // expected-error @+1 {{has no lowering yet: products of 'ui8'}}
  %0 = onnx.matmul %a, %b : (tensor<?x3xui8>, tensor<3x5xui8>) -> tensor<?x5xui8>
  // expected-error @+1 {{has no lowering yet: alpha and beta other than 1 for integers}}
  %1 = onnx.gemm %c, %d {alpha = 0.5 : f32} : (tensor<2x3xi32>, tensor<3x5xi32>) -> tensor<2x5xi32>
  return %0, %1 : tensor<?x5xui8>, tensor<2x5xi32>
}

// -----

func.func @einsum_types(%a: tensor<2x3xui8>) -> tensor<3x2xui8> {
  // expected-error @+1 {{has no lowering yet: products of 'ui8'}}
  %0 = onnx.einsum %a {equation = "ij->ji"} : (tensor<2x3xui8>) -> tensor<3x2xui8>
  return %0 : tensor<3x2xui8>
}

// -----

func.func @einsum_rank(%a: tensor<*xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{has no lowering yet: the rank of an operand is unknown}}
  %0 = onnx.einsum %a {equation = "ij->ji"} : (tensor<*xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @einsum_diagonal(%a: tensor<1x3xf32>) -> tensor<?xf32> {
  // expected-error @+1 {{has no lowering yet: axis 'i' has sizes 1 and 3 in one input}}
  %0 = onnx.einsum %a {equation = "ii->i"} : (tensor<1x3xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
