// RUN: moe-opt %s --recognise-rotary=why -split-input-file -verify-diagnostics | FileCheck %s
// CHECK-NOT: rotary_embedding

func.func @lower_half_negated(%x: tensor<1x2x3x4xf32>, %f: tensor<1x1x3x2xf32>, %g: tensor<1x1x3x2xf32>) -> tensor<1x2x3x4xf32> {
  %c0 = onnx.constant dense<0> : tensor<1xi64>
  %c2 = onnx.constant dense<2> : tensor<1xi64>
  %c3 = onnx.constant dense<3> : tensor<1xi64>
  %c4 = onnx.constant dense<4> : tensor<1xi64>
  %e = onnx.concat %f, %f {axis = 3 : i64} : (tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>) -> tensor<1x1x3x4xf32>
  %cos = onnx.unary cos %e : (tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  %sin = onnx.unary sin %e : (tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  %l = onnx.slice %x, %c0, %c2, %c3 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %u = onnx.slice %x, %c2, %c4, %c3 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %n = onnx.unary neg %l : (tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  // expected-remark @below {{no rotary_embedding: halves: the pieces are not the upper half, negated, and the lower}}
  %r = onnx.concat %n, %u {axis = 3 : i64} : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x4xf32>
  %a = onnx.binary mul %x, %cos : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %b = onnx.binary mul %r, %sin : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %y = onnx.binary add %a, %b : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}

// -----

func.func @halves_in_place(%x: tensor<1x2x3x4xf32>, %f: tensor<1x1x3x2xf32>, %g: tensor<1x1x3x2xf32>) -> tensor<1x2x3x4xf32> {
  %c0 = onnx.constant dense<0> : tensor<1xi64>
  %c2 = onnx.constant dense<2> : tensor<1xi64>
  %c3 = onnx.constant dense<3> : tensor<1xi64>
  %c4 = onnx.constant dense<4> : tensor<1xi64>
  %e = onnx.concat %f, %f {axis = 3 : i64} : (tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>) -> tensor<1x1x3x4xf32>
  %cos = onnx.unary cos %e : (tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  %sin = onnx.unary sin %e : (tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  %l = onnx.slice %x, %c0, %c2, %c3 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %u = onnx.slice %x, %c2, %c4, %c3 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %n = onnx.unary neg %u : (tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  // expected-remark @below {{no rotary_embedding: halves: the second piece is negated, not the first}}
  %r = onnx.concat %l, %n {axis = 3 : i64} : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x4xf32>
  %a = onnx.binary mul %x, %cos : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %b = onnx.binary mul %r, %sin : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %y = onnx.binary add %a, %b : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}

// -----

func.func @difference(%x: tensor<1x2x3x4xf32>, %f: tensor<1x1x3x2xf32>, %g: tensor<1x1x3x2xf32>) -> tensor<1x2x3x4xf32> {
  %c0 = onnx.constant dense<0> : tensor<1xi64>
  %c2 = onnx.constant dense<2> : tensor<1xi64>
  %c3 = onnx.constant dense<3> : tensor<1xi64>
  %c4 = onnx.constant dense<4> : tensor<1xi64>
  %e = onnx.concat %f, %f {axis = 3 : i64} : (tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>) -> tensor<1x1x3x4xf32>
  %cos = onnx.unary cos %e : (tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  %sin = onnx.unary sin %e : (tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  %l = onnx.slice %x, %c0, %c2, %c3 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %u = onnx.slice %x, %c2, %c4, %c3 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %n = onnx.unary neg %u : (tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  // expected-remark @below {{no rotary_embedding: sum: the product with the exchanged halves is no term of one sum}}
  %r = onnx.concat %n, %l {axis = 3 : i64} : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x4xf32>
  %a = onnx.binary mul %x, %cos : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %b = onnx.binary mul %r, %sin : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  // expected-note @below {{here}}
  %y = onnx.binary sub %a, %b : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}

// -----

func.func @unequal_halves(%x: tensor<1x2x3x4xf32>, %f: tensor<1x1x3x2xf32>, %g: tensor<1x1x3x2xf32>) -> tensor<1x2x3x4xf32> {
  %c0 = onnx.constant dense<0> : tensor<1xi64>
  %c2 = onnx.constant dense<2> : tensor<1xi64>
  %c3 = onnx.constant dense<3> : tensor<1xi64>
  %c4 = onnx.constant dense<4> : tensor<1xi64>
  // expected-note @below {{here}}
  %e = onnx.concat %f, %g {axis = 3 : i64} : (tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>) -> tensor<1x1x3x4xf32>
  %cos = onnx.unary cos %e : (tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  %sin = onnx.unary sin %e : (tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  %l = onnx.slice %x, %c0, %c2, %c3 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %u = onnx.slice %x, %c2, %c4, %c3 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %n = onnx.unary neg %u : (tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  // expected-remark @below {{no rotary_embedding: cos: the table is not shown to be batch x 1 x sequence, with one column per pair}}
  %r = onnx.concat %n, %l {axis = 3 : i64} : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x4xf32>
  %a = onnx.binary mul %x, %cos : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %b = onnx.binary mul %r, %sin : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %y = onnx.binary add %a, %b : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}

// -----

func.func @of_another_tensor(%x: tensor<1x2x3x4xf32>, %f: tensor<1x1x3x2xf32>, %z: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %c0 = onnx.constant dense<0> : tensor<1xi64>
  %c2 = onnx.constant dense<2> : tensor<1xi64>
  %c3 = onnx.constant dense<3> : tensor<1xi64>
  %c4 = onnx.constant dense<4> : tensor<1xi64>
  %e = onnx.concat %f, %f {axis = 3 : i64} : (tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>) -> tensor<1x1x3x4xf32>
  %cos = onnx.unary cos %e : (tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  %sin = onnx.unary sin %e : (tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  %l = onnx.slice %x, %c0, %c2, %c3 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %u = onnx.slice %x, %c2, %c4, %c3 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %n = onnx.unary neg %u : (tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  // expected-remark @below {{no rotary_embedding: sum: the other term is no product with the same tensor}}
  %r = onnx.concat %n, %l {axis = 3 : i64} : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x4xf32>
  %a = onnx.binary mul %z, %cos : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %b = onnx.binary mul %r, %sin : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  // expected-note @below {{here}}
  %y = onnx.binary add %a, %b : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}

// -----

func.func @by_heads(%x: tensor<1x2x3x4xf32>, %f: tensor<1x2x1x2xf32>, %g: tensor<1x2x1x2xf32>) -> tensor<1x2x3x4xf32> {
  %c0 = onnx.constant dense<0> : tensor<1xi64>
  %c2 = onnx.constant dense<2> : tensor<1xi64>
  %c3 = onnx.constant dense<3> : tensor<1xi64>
  %c4 = onnx.constant dense<4> : tensor<1xi64>
  %e = onnx.concat %f, %f {axis = 3 : i64} : (tensor<1x2x1x2xf32>, tensor<1x2x1x2xf32>) -> tensor<1x2x1x4xf32>
  %cos = onnx.unary cos %e : (tensor<1x2x1x4xf32>) -> tensor<1x2x1x4xf32>
  %sin = onnx.unary sin %e : (tensor<1x2x1x4xf32>) -> tensor<1x2x1x4xf32>
  %l = onnx.slice %x, %c0, %c2, %c3 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %u = onnx.slice %x, %c2, %c4, %c3 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %n = onnx.unary neg %u : (tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  // expected-remark @below {{no rotary_embedding: cos: the table is not shown to be batch x 1 x sequence, with one column per pair}}
  %r = onnx.concat %n, %l {axis = 3 : i64} : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x4xf32>
  %a = onnx.binary mul %x, %cos : (tensor<1x2x3x4xf32>, tensor<1x2x1x4xf32>) -> tensor<1x2x3x4xf32>
  %b = onnx.binary mul %r, %sin : (tensor<1x2x3x4xf32>, tensor<1x2x1x4xf32>) -> tensor<1x2x3x4xf32>
  %y = onnx.binary add %a, %b : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}

// -----

func.func @enlarged(%x: tensor<1x2x3x4xf32>, %f: tensor<5x1x3x2xf32>, %g: tensor<5x1x3x2xf32>) -> tensor<5x2x3x4xf32> {
  %c0 = onnx.constant dense<0> : tensor<1xi64>
  %c2 = onnx.constant dense<2> : tensor<1xi64>
  %c3 = onnx.constant dense<3> : tensor<1xi64>
  %c4 = onnx.constant dense<4> : tensor<1xi64>
  %e = onnx.concat %f, %f {axis = 3 : i64} : (tensor<5x1x3x2xf32>, tensor<5x1x3x2xf32>) -> tensor<5x1x3x4xf32>
  %cos = onnx.unary cos %e : (tensor<5x1x3x4xf32>) -> tensor<5x1x3x4xf32>
  %sin = onnx.unary sin %e : (tensor<5x1x3x4xf32>) -> tensor<5x1x3x4xf32>
  %l = onnx.slice %x, %c0, %c2, %c3 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %u = onnx.slice %x, %c2, %c4, %c3 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %n = onnx.unary neg %u : (tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  // expected-remark @below {{no rotary_embedding: shape: the tables enlarge the tensor}}
  %r = onnx.concat %n, %l {axis = 3 : i64} : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x4xf32>
  %a = onnx.binary mul %x, %cos : (tensor<1x2x3x4xf32>, tensor<5x1x3x4xf32>) -> tensor<5x2x3x4xf32>
  %b = onnx.binary mul %r, %sin : (tensor<1x2x3x4xf32>, tensor<5x1x3x4xf32>) -> tensor<5x2x3x4xf32>
  // expected-note @below {{here}}
  %y = onnx.binary add %a, %b : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  return %y : tensor<5x2x3x4xf32>
}

// -----

func.func @products_of_wrong_halves(%x: tensor<1x2x3x4xf32>, %cos: tensor<1x1x3x2xf32>, %sin: tensor<1x1x3x2xf32>) -> tensor<1x2x3x4xf32> {
  %h:2 = onnx.split %x {axis = 3 : i64} : (tensor<1x2x3x4xf32>) -> (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>)
  %a = onnx.binary mul %h#0, %cos : (tensor<1x2x3x2xf32>, tensor<1x1x3x2xf32>) -> tensor<1x2x3x2xf32>
  %b = onnx.binary mul %sin, %h#1 : (tensor<1x1x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %c = onnx.binary mul %h#0, %cos : (tensor<1x2x3x2xf32>, tensor<1x1x3x2xf32>) -> tensor<1x2x3x2xf32>
  %d = onnx.binary mul %h#0, %sin : (tensor<1x2x3x2xf32>, tensor<1x1x3x2xf32>) -> tensor<1x2x3x2xf32>
  %lower = onnx.binary sub %a, %b : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %upper = onnx.binary add %c, %d : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  // expected-remark @below {{no rotary_embedding: halves: the products are not of lower and upper, upper and lower}}
  %y = onnx.concat %lower, %upper {axis = 3 : i64} : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}

// -----

func.func @products_with_exchanged_tables(%x: tensor<1x2x3x4xf32>, %cos: tensor<1x1x3x2xf32>, %sin: tensor<1x1x3x2xf32>) -> tensor<1x2x3x4xf32> {
  %h:2 = onnx.split %x {axis = 3 : i64} : (tensor<1x2x3x4xf32>) -> (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>)
  %a = onnx.binary mul %h#0, %cos : (tensor<1x2x3x2xf32>, tensor<1x1x3x2xf32>) -> tensor<1x2x3x2xf32>
  %b = onnx.binary mul %sin, %h#1 : (tensor<1x1x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %c = onnx.binary mul %h#1, %sin : (tensor<1x2x3x2xf32>, tensor<1x1x3x2xf32>) -> tensor<1x2x3x2xf32>
  %d = onnx.binary mul %h#0, %cos : (tensor<1x2x3x2xf32>, tensor<1x1x3x2xf32>) -> tensor<1x2x3x2xf32>
  %lower = onnx.binary sub %a, %b : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %upper = onnx.binary add %c, %d : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  // expected-remark @below {{no rotary_embedding: sum: difference and sum have other tables}}
  %y = onnx.concat %lower, %upper {axis = 3 : i64} : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}

// -----

// One position for all three queries.
func.func @one_position(%x: tensor<1x2x3x4xf32>, %cos: tensor<1x1x1x2xf32>, %sin: tensor<1x1x1x2xf32>) -> tensor<1x2x3x4xf32> {
  %h:2 = onnx.split %x {axis = 3 : i64} : (tensor<1x2x3x4xf32>) -> (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>)
  %a = onnx.binary mul %h#0, %cos : (tensor<1x2x3x2xf32>, tensor<1x1x1x2xf32>) -> tensor<1x2x3x2xf32>
  %b = onnx.binary mul %sin, %h#1 : (tensor<1x1x1x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %c = onnx.binary mul %h#1, %cos : (tensor<1x2x3x2xf32>, tensor<1x1x1x2xf32>) -> tensor<1x2x3x2xf32>
  %d = onnx.binary mul %h#0, %sin : (tensor<1x2x3x2xf32>, tensor<1x1x1x2xf32>) -> tensor<1x2x3x2xf32>
  %lower = onnx.binary sub %a, %b : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %upper = onnx.binary add %c, %d : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  // expected-remark @below {{no rotary_embedding: cos: the table has other sizes than the tensor}}
  %y = onnx.concat %lower, %upper {axis = 3 : i64} : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}

// -----

// All odd features, then all even ones: no pairs of neighbours.
func.func @odd_then_even(%x: tensor<1x2x3x4xf32>, %f: tensor<1x1x3x2x1xf32>) -> tensor<1x2x3x4xf32> {
  %c0 = onnx.constant dense<0> : tensor<1xi64>
  %c1 = onnx.constant dense<1> : tensor<1xi64>
  %c2 = onnx.constant dense<2> : tensor<1xi64>
  %c3 = onnx.constant dense<3> : tensor<1xi64>
  %c4 = onnx.constant dense<4> : tensor<1xi64>
  %table = onnx.constant dense<[1, 1, 3, 4]> : tensor<4xi64>
  %shape = onnx.constant dense<[1, 2, 3, 4]> : tensor<4xi64>
  %e = onnx.concat %f, %f {axis = 4 : i64} : (tensor<1x1x3x2x1xf32>, tensor<1x1x3x2x1xf32>) -> tensor<1x1x3x2x2xf32>
  %cos = onnx.reshape %e, %table : (tensor<1x1x3x2x2xf32>, tensor<4xi64>) -> tensor<1x1x3x4xf32>
  %even = onnx.slice %x, %c0, %c4, %c3, %c2 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %odd = onnx.slice %x, %c1, %c4, %c3, %c2 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %n = onnx.unary neg %odd : (tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %n5 = onnx.unsqueeze %n, %c3 : (tensor<1x2x3x2xf32>, tensor<1xi64>) -> tensor<1x2x3x1x2xf32>
  %e5 = onnx.unsqueeze %even, %c3 : (tensor<1x2x3x2xf32>, tensor<1xi64>) -> tensor<1x2x3x1x2xf32>
  // expected-remark @below {{no rotary_embedding: halves: the pieces have their axes in other places than the tensor}}
  %r5 = onnx.concat %n5, %e5 {axis = 4 : i64} : (tensor<1x2x3x1x2xf32>, tensor<1x2x3x1x2xf32>) -> tensor<1x2x3x1x4xf32>
  %r = onnx.reshape %r5, %shape : (tensor<1x2x3x1x4xf32>, tensor<4xi64>) -> tensor<1x2x3x4xf32>
  %a = onnx.binary mul %x, %cos : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %b = onnx.binary mul %r, %cos : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %y = onnx.binary add %a, %b : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}

// -----

// Columns repeated as halves, read by pairs of neighbours.
func.func @halves_for_neighbours(%x: tensor<1x2x3x4xf32>, %f: tensor<1x1x3x2xf32>) -> tensor<1x2x3x4xf32> {
  %c0 = onnx.constant dense<0> : tensor<1xi64>
  %c1 = onnx.constant dense<1> : tensor<1xi64>
  %c2 = onnx.constant dense<2> : tensor<1xi64>
  %c3 = onnx.constant dense<3> : tensor<1xi64>
  %c4 = onnx.constant dense<4> : tensor<1xi64>
  %shape = onnx.constant dense<[1, 2, 3, 4]> : tensor<4xi64>
  %cos = onnx.concat %f, %f {axis = 3 : i64} : (tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>) -> tensor<1x1x3x4xf32>
  %even = onnx.slice %x, %c0, %c4, %c3, %c2 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %odd = onnx.slice %x, %c1, %c4, %c3, %c2 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %n = onnx.unary neg %odd : (tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %n5 = onnx.unsqueeze %n, %c4 : (tensor<1x2x3x2xf32>, tensor<1xi64>) -> tensor<1x2x3x2x1xf32>
  %e5 = onnx.unsqueeze %even, %c4 : (tensor<1x2x3x2xf32>, tensor<1xi64>) -> tensor<1x2x3x2x1xf32>
  // expected-remark @below {{no rotary_embedding: cos: the table is not shown to be batch x 1 x sequence, with one column per pair}}
  %r5 = onnx.concat %n5, %e5 {axis = 4 : i64} : (tensor<1x2x3x2x1xf32>, tensor<1x2x3x2x1xf32>) -> tensor<1x2x3x2x2xf32>
  %r = onnx.reshape %r5, %shape : (tensor<1x2x3x2x2xf32>, tensor<4xi64>) -> tensor<1x2x3x4xf32>
  %a = onnx.binary mul %x, %cos : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %b = onnx.binary mul %r, %cos : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %y = onnx.binary add %a, %b : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}

// -----

func.func @three_axes(%x: tensor<2x3x4xf32>, %cos: tensor<1x3x4xf32>, %sin: tensor<1x3x4xf32>) -> tensor<2x3x4xf32> {
  %c0 = onnx.constant dense<0> : tensor<1xi64>
  %ch = onnx.constant dense<2> : tensor<1xi64>
  %cx = onnx.constant dense<2> : tensor<1xi64>
  %cn = onnx.constant dense<4> : tensor<1xi64>
  %l = onnx.slice %x, %c0, %ch, %cx : (tensor<2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x3x2xf32>
  %u = onnx.slice %x, %ch, %cn, %cx : (tensor<2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x3x2xf32>
  %n = onnx.unary neg %u : (tensor<2x3x2xf32>) -> tensor<2x3x2xf32>
  // expected-remark @below {{no rotary_embedding: rank: expects batch x heads x sequence x head size}}
  %r = onnx.concat %n, %l {axis = 2 : i64} : (tensor<2x3x2xf32>, tensor<2x3x2xf32>) -> tensor<2x3x4xf32>
  %a = onnx.binary mul %x, %cos : (tensor<2x3x4xf32>, tensor<1x3x4xf32>) -> tensor<2x3x4xf32>
  %b = onnx.binary mul %r, %sin : (tensor<2x3x4xf32>, tensor<1x3x4xf32>) -> tensor<2x3x4xf32>
  %y = onnx.binary add %a, %b : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}

// -----

func.func @odd_size(%x: tensor<1x2x3x5xf32>, %cos: tensor<1x1x3x5xf32>, %sin: tensor<1x1x3x5xf32>) -> tensor<1x2x3x5xf32> {
  %c0 = onnx.constant dense<0> : tensor<1xi64>
  %ch = onnx.constant dense<2> : tensor<1xi64>
  %cx = onnx.constant dense<3> : tensor<1xi64>
  %cn = onnx.constant dense<5> : tensor<1xi64>
  %l = onnx.slice %x, %c0, %ch, %cx : (tensor<1x2x3x5xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %u = onnx.slice %x, %ch, %cn, %cx : (tensor<1x2x3x5xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x3xf32>
  %n = onnx.unary neg %u : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  // expected-remark @below {{no rotary_embedding: halves: the head size is not even}}
  %r = onnx.concat %n, %l {axis = 3 : i64} : (tensor<1x2x3x3xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x5xf32>
  %a = onnx.binary mul %x, %cos : (tensor<1x2x3x5xf32>, tensor<1x1x3x5xf32>) -> tensor<1x2x3x5xf32>
  %b = onnx.binary mul %r, %sin : (tensor<1x2x3x5xf32>, tensor<1x1x3x5xf32>) -> tensor<1x2x3x5xf32>
  %y = onnx.binary add %a, %b : (tensor<1x2x3x5xf32>, tensor<1x2x3x5xf32>) -> tensor<1x2x3x5xf32>
  return %y : tensor<1x2x3x5xf32>
}

// -----

func.func @sum_with_sin(%x: tensor<1x2x3x4xf32>, %cos: tensor<1x1x3x4xf32>, %sin: tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %c0 = onnx.constant dense<0> : tensor<1xi64>
  %ch = onnx.constant dense<2> : tensor<1xi64>
  %cx = onnx.constant dense<3> : tensor<1xi64>
  %cn = onnx.constant dense<4> : tensor<1xi64>
  %l = onnx.slice %x, %c0, %ch, %cx : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %u = onnx.slice %x, %ch, %cn, %cx : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %n = onnx.unary neg %u : (tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  // expected-remark @below {{no rotary_embedding: sin: the exchanged halves are not used by one product}}
  %r = onnx.concat %n, %l {axis = 3 : i64} : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x4xf32>
  %a = onnx.binary mul %x, %cos : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  // expected-note @below {{here}}
  %b = onnx.binary add %r, %sin : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %y = onnx.binary add %a, %b : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}
