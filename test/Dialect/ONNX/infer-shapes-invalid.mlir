// RUN: moe-opt %s --onnx-infer-shapes -split-input-file -verify-diagnostics

// What only the contents of operands show.

func.func @reshape(%x: tensor<4x6xf32>) -> tensor<*xf32> {
  %shape = onnx.constant dense<[5, -1]> : tensor<2xi64>
  // expected-error @below {{'onnx.reshape' op cannot distribute 24 elements over sizes of product 5}}
  %y = onnx.reshape %x, %shape : (tensor<4x6xf32>, tensor<2xi64>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

func.func @reshape_two_open(%x: tensor<4x6xf32>) -> tensor<*xf32> {
  %shape = onnx.constant dense<-1> : tensor<2xi64>
  // expected-error @below {{'onnx.reshape' op expects at most one -1 in shape}}
  %y = onnx.reshape %x, %shape : (tensor<4x6xf32>, tensor<2xi64>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

func.func @squeeze(%x: tensor<4x6xf32>) -> tensor<*xf32> {
  %axes = onnx.constant dense<-1> : tensor<1xi64>
  // expected-error @below {{'onnx.squeeze' op expects axis 1 to have size 1, got 6}}
  %y = onnx.squeeze %x, %axes : (tensor<4x6xf32>, tensor<1xi64>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

func.func @unsqueeze(%x: tensor<4x6xf32>) -> tensor<*xf32> {
  %axes = onnx.constant dense<[0, -4]> : tensor<2xi64>
  // expected-error @below {{'onnx.unsqueeze' op expects each axis once, got axis 0 twice}}
  %y = onnx.unsqueeze %x, %axes : (tensor<4x6xf32>, tensor<2xi64>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

func.func @split(%x: tensor<4x6xf32>) -> tensor<*xf32> {
  %sizes = onnx.constant dense<[2, 3]> : tensor<2xi64>
  // expected-error @below {{'onnx.split' op expects the sum of the split sizes to be 6, got 5}}
  %y:2 = onnx.split %x, %sizes {axis = 1 : i64} : (tensor<4x6xf32>, tensor<2xi64>) -> (tensor<*xf32>, tensor<*xf32>)
  return %y#0 : tensor<*xf32>
}

// -----

func.func @topk(%x: tensor<4x6xf32>) -> tensor<*xf32> {
  %k = onnx.constant dense<7> : tensor<1xi64>
  // expected-error @below {{'onnx.topk' op expects 0 <= k <= size of the axis, got k = 7 of 6}}
  %v, %i = onnx.topk %x, %k {axis = 1 : i64} : (tensor<4x6xf32>, tensor<1xi64>) -> (tensor<*xf32>, tensor<*xi64>)
  return %v : tensor<*xf32>
}

// -----

func.func @gather(%x: tensor<4x6xf32>) -> tensor<*xf32> {
  %index = onnx.constant dense<4> : tensor<i64>
  // expected-error @below {{'onnx.gather' op index 4 is out of range for axis 0 of size 4}}
  %y = onnx.gather %x, %index {axis = 0 : i64} : (tensor<4x6xf32>, tensor<i64>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

func.func @range() -> tensor<*xi64> {
  %zero = onnx.constant dense<0> : tensor<i64>
  // expected-error @below {{'onnx.range' op expects a delta other than 0}}
  %y = onnx.range %zero, %zero, %zero : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<*xi64>
  return %y : tensor<*xi64>
}

// -----

func.func @declared(%x: tensor<4x6xf32>) -> tensor<8x3xf32> {
  %shape = onnx.constant dense<[3, -1]> : tensor<2xi64>
  // expected-error @below {{'onnx.reshape' op infers 'tensor<3x8xf32>' for result 0, but its type is 'tensor<8x3xf32>'}}
  %y = onnx.reshape %x, %shape : (tensor<4x6xf32>, tensor<2xi64>) -> tensor<8x3xf32>
  return %y : tensor<8x3xf32>
}

// -----

func.func @one_hot(%i: tensor<4xi64>, %v: tensor<2xf32>) {
  %d = onnx.constant dense<-1> : tensor<i64>
  // expected-error @below {{'onnx.one_hot' op expects depth >= 0, got -1}}
  %y = onnx.one_hot %i, %d, %v {axis = 1 : i64} : (tensor<4xi64>, tensor<i64>, tensor<2xf32>) -> tensor<*xf32>
  return
}

// -----

func.func @split_pieces(%x: tensor<3xf32>) {
  // expected-error @below {{'onnx.split' op cannot split an axis of size 3 into 5 pieces}}
  %y:5 = onnx.split %x {axis = 0 : i64} : (tensor<3xf32>) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>)
  return
}

// -----

func.func @split_negative(%x: tensor<4xf32>) {
  %sizes = onnx.constant dense<[5, -1]> : tensor<2xi64>
  // expected-error @below {{'onnx.split' op expects split sizes >= 0, got -1}}
  %y:2 = onnx.split %x, %sizes {axis = 0 : i64} : (tensor<4xf32>, tensor<2xi64>) -> (tensor<*xf32>, tensor<*xf32>)
  return
}

// -----

func.func @slice_steps(%x: tensor<4xf32>) {
  %zero = onnx.constant dense<0> : tensor<1xi64>
  // expected-error @below {{'onnx.slice' op expects steps other than 0}}
  %y = onnx.slice %x, %zero, %zero, %zero, %zero : (tensor<4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<*xf32>
  return
}

// -----

func.func @constant_of_shape() {
  %shape = onnx.constant dense<-2> : tensor<1xi64>
  // expected-error @below {{'onnx.constant_of_shape' op expects sizes >= 0, got -2}}
  %y = onnx.constant_of_shape %shape {value = dense<0.0> : tensor<1xf32>} : (tensor<1xi64>) -> tensor<*xf32>
  return
}

// -----

func.func @reshape_negative(%x: tensor<4xf32>) {
  %shape = onnx.constant dense<[-2, 2]> : tensor<2xi64>
  // expected-error @below {{'onnx.reshape' op expects sizes >= -1 in shape, got -2}}
  %y = onnx.reshape %x, %shape : (tensor<4xf32>, tensor<2xi64>) -> tensor<*xf32>
  return
}

// -----

func.func @reshape_copies(%x: tensor<4xf32>) {
  %shape = onnx.constant dense<[4, 0]> : tensor<2xi64>
  // expected-error @below {{'onnx.reshape' op copies the size of axis 1 of an operand of rank 1}}
  %y = onnx.reshape %x, %shape : (tensor<4xf32>, tensor<2xi64>) -> tensor<*xf32>
  return
}

// -----

func.func @cumsum(%x: tensor<4xf32>) {
  %axis = onnx.constant dense<-2> : tensor<i64>
  // expected-error @below {{'onnx.cumsum' op expects -rank <= axis < rank, got axis -2 of rank 1}}
  %y = onnx.cumsum %x, %axis : (tensor<4xf32>, tensor<i64>) -> tensor<*xf32>
  return
}
