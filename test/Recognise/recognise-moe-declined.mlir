// RUN: moe-opt %s --split-input-file --recognise-moe=why=true -o /dev/null --verify-diagnostics
// RUN: moe-opt %s --split-input-file --recognise-moe | FileCheck %s --implicit-check-not=moe.

// Near misses of a layer with gathered matrices: each differs from a layer in one place.

// CHECK: @ids_of_another_choice
func.func @ids_of_another_choice(%x: tensor<?x8xf32> {onnx.dim_names = ["t", ""]}, %z: tensor<?x4xf32> {onnx.dim_names = ["t", ""]},
    %other: tensor<?x4xf32> {onnx.dim_names = ["t", ""]}, %w1: tensor<4x6x8xf32>, %w2: tensor<4x8x6xf32>) -> tensor<?x8xf32> {
  %one = onnx.constant dense<1> : tensor<1xi64>
  %two = onnx.constant dense<2> : tensor<1xi64>
  %v, %i = onnx.topk %z, %one {axis = 1 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x1xf32>, tensor<?x1xi64>)
  %v2, %i2 = onnx.topk %other, %one {axis = 1 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x1xf32>, tensor<?x1xi64>)
  %c = onnx.softmax %v2 {axis = 1 : i64} : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %x1 = onnx.unsqueeze %x, %two : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x8x1xf32>
  %g1 = onnx.gather_nd %w1, %i : (tensor<4x6x8xf32>, tensor<?x1xi64>) -> tensor<?x6x8xf32>
  %a = onnx.matmul %g1, %x1 : (tensor<?x6x8xf32>, tensor<?x8x1xf32>) -> tensor<?x6x1xf32>
  // expected-remark @below {{ids-of-this-choice: it is computed with the experts of another choice}}
  %h = onnx.unary relu %a : (tensor<?x6x1xf32>) -> tensor<?x6x1xf32>
  %g2 = onnx.gather_nd %w2, %i2 : (tensor<4x8x6xf32>, tensor<?x1xi64>) -> tensor<?x8x6xf32>
  %y = onnx.matmul %g2, %h : (tensor<?x8x6xf32>, tensor<?x6x1xf32>) -> tensor<?x8x1xf32>
  %c1 = onnx.unsqueeze %c, %two : (tensor<?x1xf32>, tensor<1xi64>) -> tensor<?x1x1xf32>
  %t = onnx.binary mul %y, %c1 : (tensor<?x8x1xf32>, tensor<?x1x1xf32>) -> tensor<?x8x1xf32>
  %perm = onnx.transpose %t {perm = array<i64: 0, 2, 1>} : (tensor<?x8x1xf32>) -> tensor<?x1x8xf32>
  %out = onnx.reduce sum %perm, %one : (tensor<?x1x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  return %out : tensor<?x8xf32>
}

// -----

// The rows are repeated in the order of choices, not of tokens.
// CHECK: @rows_of_other_tokens
func.func @rows_of_other_tokens(%x: tensor<?x8xf32> {onnx.dim_names = ["t", ""]}, %z: tensor<?x4xf32> {onnx.dim_names = ["t", ""]},
                                %w1: tensor<4x6x8xf32>, %w2: tensor<4x8x6xf32>) -> tensor<?x8xf32> {
  %one = onnx.constant dense<1> : tensor<1xi64>
  %two = onnx.constant dense<2> : tensor<1xi64>
  %repeats = onnx.constant dense<[2, 1]> : tensor<2xi64>
  %minus = onnx.constant dense<-1> : tensor<1xi64>
  %pairs = onnx.constant dense<[-1, 2, 8]> : tensor<3xi64>
  // expected-remark @below {{input-of-tokens: experts read rows that are not those of their tokens}}
  %v, %i = onnx.topk %z, %two {axis = 1 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x2xf32>, tensor<?x2xi64>)
  %c = onnx.softmax %v {axis = 1 : i64} : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %x1 = onnx.tile %x, %repeats : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %x2 = onnx.unsqueeze %x1, %two : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x8x1xf32>
  %ids = onnx.reshape %i, %minus : (tensor<?x2xi64>, tensor<1xi64>) -> tensor<?xi64>
  %g1 = onnx.gather %w1, %ids {axis = 0 : i64} : (tensor<4x6x8xf32>, tensor<?xi64>) -> tensor<?x6x8xf32>
  %a = onnx.matmul %g1, %x2 : (tensor<?x6x8xf32>, tensor<?x8x1xf32>) -> tensor<?x6x1xf32>
  %h = onnx.unary relu %a : (tensor<?x6x1xf32>) -> tensor<?x6x1xf32>
  %g2 = onnx.gather %w2, %ids {axis = 0 : i64} : (tensor<4x8x6xf32>, tensor<?xi64>) -> tensor<?x8x6xf32>
  %y = onnx.matmul %g2, %h : (tensor<?x8x6xf32>, tensor<?x6x1xf32>) -> tensor<?x8x1xf32>
  %y1 = onnx.reshape %y, %pairs : (tensor<?x8x1xf32>, tensor<3xi64>) -> tensor<?x2x8xf32>
  %c1 = onnx.unsqueeze %c, %two : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?x2x1xf32>
  %t = onnx.binary mul %y1, %c1 : (tensor<?x2x8xf32>, tensor<?x2x1xf32>) -> tensor<?x2x8xf32>
  %out = onnx.reduce sum %t, %one : (tensor<?x2x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  return %out : tensor<?x8xf32>
}

// -----

// Five experts have weights, four can be chosen.
// CHECK: @one_expert_more
func.func @one_expert_more(%x: tensor<?x8xf32> {onnx.dim_names = ["t", ""]}, %z: tensor<?x4xf32> {onnx.dim_names = ["t", ""]},
                           %w1: tensor<5x6x8xf32>, %w2: tensor<5x8x6xf32>) -> tensor<?x8xf32> {
  %one = onnx.constant dense<1> : tensor<1xi64>
  %two = onnx.constant dense<2> : tensor<1xi64>
  // expected-remark @below {{experts-complete: 4 experts can be chosen and 5 have weights}}
  %v, %i = onnx.topk %z, %one {axis = 1 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x1xf32>, tensor<?x1xi64>)
  %c = onnx.softmax %v {axis = 1 : i64} : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %x1 = onnx.unsqueeze %x, %one : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1x8xf32>
  %g1 = onnx.gather_nd %w1, %i : (tensor<5x6x8xf32>, tensor<?x1xi64>) -> tensor<?x6x8xf32>
  %g2 = onnx.transpose %g1 {perm = array<i64: 0, 2, 1>} : (tensor<?x6x8xf32>) -> tensor<?x8x6xf32>
  %a = onnx.matmul %x1, %g2 : (tensor<?x1x8xf32>, tensor<?x8x6xf32>) -> tensor<?x1x6xf32>
  %h = onnx.unary relu %a : (tensor<?x1x6xf32>) -> tensor<?x1x6xf32>
  %g3 = onnx.gather_nd %w2, %i : (tensor<5x8x6xf32>, tensor<?x1xi64>) -> tensor<?x8x6xf32>
  %g4 = onnx.transpose %g3 {perm = array<i64: 0, 2, 1>} : (tensor<?x8x6xf32>) -> tensor<?x6x8xf32>
  %y = onnx.matmul %h, %g4 : (tensor<?x1x6xf32>, tensor<?x6x8xf32>) -> tensor<?x1x8xf32>
  %c1 = onnx.unsqueeze %c, %two : (tensor<?x1xf32>, tensor<1xi64>) -> tensor<?x1x1xf32>
  %t = onnx.binary mul %y, %c1 : (tensor<?x1x8xf32>, tensor<?x1x1xf32>) -> tensor<?x1x8xf32>
  %out = onnx.reduce sum %t, %one : (tensor<?x1x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  return %out : tensor<?x8xf32>
}

// -----

// Not the weight of the choice but that of the next one.
// CHECK: @weights_of_other_choices
func.func @weights_of_other_choices(%x: tensor<?x8xf32> {onnx.dim_names = ["t", ""]}, %z: tensor<?x4xf32> {onnx.dim_names = ["t", ""]},
                                    %w1: tensor<4x8x6xf32>, %w2: tensor<4x6x8xf32>) -> tensor<?x8xf32> {
  %zero = onnx.constant dense<0> : tensor<1xi64>
  %one = onnx.constant dense<1> : tensor<1xi64>
  %two = onnx.constant dense<2> : tensor<1xi64>
  %turned = onnx.constant dense<[1, 0]> : tensor<2xi64>
  %axes = onnx.constant dense<[1, 2]> : tensor<2xi64>
  %p = onnx.softmax %z {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // expected-remark @below {{router-family: what experts are weighted by is not an elementwise function of the selection}}
  %v, %i = onnx.topk %p, %two {axis = 1 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x2xf32>, tensor<?x2xi64>)
  %c = onnx.gather %v, %turned {axis = 1 : i64} : (tensor<?x2xf32>, tensor<2xi64>) -> tensor<?x2xf32>
  %x1 = onnx.unsqueeze %x, %axes : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x1x1x8xf32>
  %g1 = onnx.gather %w1, %i {axis = 0 : i64} : (tensor<4x8x6xf32>, tensor<?x2xi64>) -> tensor<?x2x8x6xf32>
  %a = onnx.matmul %x1, %g1 : (tensor<?x1x1x8xf32>, tensor<?x2x8x6xf32>) -> tensor<?x2x1x6xf32>
  %h = onnx.unary gelu %a : (tensor<?x2x1x6xf32>) -> tensor<?x2x1x6xf32>
  %g2 = onnx.gather %w2, %i {axis = 0 : i64} : (tensor<4x6x8xf32>, tensor<?x2xi64>) -> tensor<?x2x6x8xf32>
  %y = onnx.matmul %h, %g2 : (tensor<?x2x1x6xf32>, tensor<?x2x6x8xf32>) -> tensor<?x2x1x8xf32>
  %y1 = onnx.squeeze %y, %two : (tensor<?x2x1x8xf32>, tensor<1xi64>) -> tensor<?x2x8xf32>
  %c1 = onnx.unsqueeze %c, %two : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?x2x1xf32>
  %t = onnx.binary mul %y1, %c1 : (tensor<?x2x8xf32>, tensor<?x2x1xf32>) -> tensor<?x2x8xf32>
  %out = onnx.reduce sum %t, %one : (tensor<?x2x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  return %out : tensor<?x8xf32>
}

// -----

// Gate and up columns that are neither halves nor alternating, and an expert that is not in moe.expert's form.
// CHECK: @odd_columns
func.func @odd_columns(%x: tensor<?x8xf32> {onnx.dim_names = ["t", ""]}, %z: tensor<?x4xf32> {onnx.dim_names = ["t", ""]},
                       %w1: tensor<4x12x8xf32>, %w2: tensor<4x8x6xf32>) -> tensor<?x8xf32> {
  %one = onnx.constant dense<1> : tensor<1xi64>
  %two = onnx.constant dense<2> : tensor<1xi64>
  %back = onnx.constant dense<-1> : tensor<1xi64>
  %end = onnx.constant dense<-99> : tensor<1xi64>
  %v, %i = onnx.topk %z, %one {axis = 1 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x1xf32>, tensor<?x1xi64>)
  %c = onnx.softmax %v {axis = 1 : i64} : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %x1 = onnx.unsqueeze %x, %two : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x8x1xf32>
  %g1 = onnx.gather_nd %w1, %i : (tensor<4x12x8xf32>, tensor<?x1xi64>) -> tensor<?x12x8xf32>
  // expected-remark @below {{gate-columns: gate and up are neither halves nor alternating columns of one product nor two products}}
  %a = onnx.matmul %g1, %x1 : (tensor<?x12x8xf32>, tensor<?x8x1xf32>) -> tensor<?x12x1xf32>
  %gate, %up = onnx.split %a {axis = 1 : i64} : (tensor<?x12x1xf32>) -> (tensor<?x6x1xf32>, tensor<?x6x1xf32>)
  %turned = onnx.slice %up, %back, %end, %one, %back : (tensor<?x6x1xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x6x1xf32>
  %r = onnx.unary relu %gate : (tensor<?x6x1xf32>) -> tensor<?x6x1xf32>
  %h = onnx.binary mul %r, %turned : (tensor<?x6x1xf32>, tensor<?x6x1xf32>) -> tensor<?x6x1xf32>
  %g2 = onnx.gather_nd %w2, %i : (tensor<4x8x6xf32>, tensor<?x1xi64>) -> tensor<?x8x6xf32>
  %y = onnx.matmul %g2, %h : (tensor<?x8x6xf32>, tensor<?x6x1xf32>) -> tensor<?x8x1xf32>
  %c1 = onnx.unsqueeze %c, %two : (tensor<?x1xf32>, tensor<1xi64>) -> tensor<?x1x1xf32>
  %t = onnx.binary mul %y, %c1 : (tensor<?x8x1xf32>, tensor<?x1x1xf32>) -> tensor<?x8x1xf32>
  %perm = onnx.transpose %t {perm = array<i64: 0, 2, 1>} : (tensor<?x8x1xf32>) -> tensor<?x1x8xf32>
  %out = onnx.reduce sum %perm, %one : (tensor<?x1x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  return %out : tensor<?x8xf32>
}

// -----

// A choice that reaches matrices and no sum over choices.
// CHECK: @no_sum
func.func @no_sum(%z: tensor<?x4xf32>) -> tensor<?x2x6x8xf32> {
  %two = onnx.constant dense<2> : tensor<1xi64>
  %w = rt.get_weight @w : tensor<4x6x8xf32>
  // expected-remark @below {{weighted-sum: experts seem to be chosen, but no sum over the choices was found}}
  %v, %i = onnx.topk %z, %two {axis = 1 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x2xf32>, tensor<?x2xi64>)
  %g = onnx.gather %w, %i {axis = 0 : i64} : (tensor<4x6x8xf32>, tensor<?x2xi64>) -> tensor<?x2x6x8xf32>
  return %g : tensor<?x2x6x8xf32>
}
rt.weight @w : tensor<4x6x8xf32> = #rt.file<"w", 0, tensor<4x6x8xf32>>

// -----

// No experts at all: nothing is suspected.
// CHECK: @sampling
func.func @sampling(%z: tensor<?x99xf32>) -> tensor<?x5xi64> {
  %k = onnx.constant dense<5> : tensor<1xi64>
  %v, %i = onnx.topk %z, %k {axis = 1 : i64} : (tensor<?x99xf32>, tensor<1xi64>) -> (tensor<?x5xf32>, tensor<?x5xi64>)
  return %i : tensor<?x5xi64>
}

// -----

// A view of unknown rank says nothing.
// CHECK: @unknown_rank
func.func @unknown_rank(%x: tensor<?x8xf32>) -> tensor<*xf32> {
  %y = onnx.squeeze %x : (tensor<?x8xf32>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

rt.weight @w : tensor<4x14x8xbf16> = #rt.file<"w", 0, tensor<4x14x8xbf16>>
// Rows are rounded where three axes hold them: no matrix of rows has the type that the experts read.
// CHECK: @rounded_rows
func.func @rounded_rows(%x: tensor<?x8xf32> {onnx.dim_names = ["t", ""]}, %z: tensor<?x4xbf16> {onnx.dim_names = ["t", ""]})
    -> tensor<?x8xbf16> {
  %zero = onnx.constant dense<0> : tensor<1xi64>
  %one = onnx.constant dense<1> : tensor<1xi64>
  %two = onnx.constant dense<2> : tensor<1xi64>
  %six = onnx.constant dense<6> : tensor<1xi64>
  %eight = onnx.constant dense<8> : tensor<1xi64>
  %end = onnx.constant dense<14> : tensor<1xi64>
  %w = rt.get_weight @w : tensor<4x14x8xbf16>
  %w1 = onnx.slice %w, %zero, %six, %one : (tensor<4x14x8xbf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x6x8xbf16>
  %w2 = onnx.slice %w, %eight, %end, %one : (tensor<4x14x8xbf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x6x8xbf16>
  %w3 = onnx.transpose %w2 {perm = array<i64: 0, 2, 1>} : (tensor<4x6x8xbf16>) -> tensor<4x8x6xbf16>
  %wide = onnx.cast %z : (tensor<?x4xbf16>) -> tensor<?x4xf32>
  %p = onnx.softmax %wide {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // expected-remark @below {{input-of-tokens: no value holds the rows of the tokens in their order}}
  %v, %i = onnx.topk %p, %one {axis = 1 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x1xf32>, tensor<?x1xi64>)
  %g1 = onnx.gather_nd %w1, %i : (tensor<4x6x8xbf16>, tensor<?x1xi64>) -> tensor<?x6x8xbf16>
  %g2 = onnx.gather_nd %w3, %i : (tensor<4x8x6xbf16>, tensor<?x1xi64>) -> tensor<?x8x6xbf16>
  %x0 = onnx.unsqueeze %x, %two : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x8x1xf32>
  %x1 = onnx.cast %x0 : (tensor<?x8x1xf32>) -> tensor<?x8x1xbf16>
  %a = onnx.matmul %g1, %x1 : (tensor<?x6x8xbf16>, tensor<?x8x1xbf16>) -> tensor<?x6x1xbf16>
  %h = onnx.unary relu %a : (tensor<?x6x1xbf16>) -> tensor<?x6x1xbf16>
  %y = onnx.matmul %g2, %h : (tensor<?x8x6xbf16>, tensor<?x6x1xbf16>) -> tensor<?x8x1xbf16>
  %y1 = onnx.squeeze %y, %two : (tensor<?x8x1xbf16>, tensor<1xi64>) -> tensor<?x8xbf16>
  %y2 = onnx.cast %y1 : (tensor<?x8xbf16>) -> tensor<?x8xf32>
  %t = onnx.binary mul %y2, %v : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %t1 = onnx.unsqueeze %t, %one : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1x8xf32>
  %sum = onnx.reduce sum %t1, %one : (tensor<?x1x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  %out = onnx.cast %sum : (tensor<?x8xf32>) -> tensor<?x8xbf16>
  return %out : tensor<?x8xbf16>
}

// -----

rt.weight @w : tensor<4x14x8xbf16> = #rt.file<"w", 0, tensor<4x14x8xbf16>>
// A function of what an expert gives.
// CHECK: @after_the_product
func.func @after_the_product(%x: tensor<?x8xbf16> {onnx.dim_names = ["t", ""]}, %z: tensor<?x4xbf16> {onnx.dim_names = ["t", ""]})
    -> tensor<?x8xbf16> {
  %zero = onnx.constant dense<0> : tensor<1xi64>
  %one = onnx.constant dense<1> : tensor<1xi64>
  %two = onnx.constant dense<2> : tensor<1xi64>
  %six = onnx.constant dense<6> : tensor<1xi64>
  %eight = onnx.constant dense<8> : tensor<1xi64>
  %end = onnx.constant dense<14> : tensor<1xi64>
  %w = rt.get_weight @w : tensor<4x14x8xbf16>
  %w1 = onnx.slice %w, %zero, %six, %one : (tensor<4x14x8xbf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x6x8xbf16>
  %w2 = onnx.slice %w, %eight, %end, %one : (tensor<4x14x8xbf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x6x8xbf16>
  %w3 = onnx.transpose %w2 {perm = array<i64: 0, 2, 1>} : (tensor<4x6x8xbf16>) -> tensor<4x8x6xbf16>
  %wide = onnx.cast %z : (tensor<?x4xbf16>) -> tensor<?x4xf32>
  %p = onnx.softmax %wide {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %v, %i = onnx.topk %p, %one {axis = 1 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x1xf32>, tensor<?x1xi64>)
  %g1 = onnx.gather_nd %w1, %i : (tensor<4x6x8xbf16>, tensor<?x1xi64>) -> tensor<?x6x8xbf16>
  %g2 = onnx.gather_nd %w3, %i : (tensor<4x8x6xbf16>, tensor<?x1xi64>) -> tensor<?x8x6xbf16>
  %x1 = onnx.unsqueeze %x, %two : (tensor<?x8xbf16>, tensor<1xi64>) -> tensor<?x8x1xbf16>
  %a = onnx.matmul %g1, %x1 : (tensor<?x6x8xbf16>, tensor<?x8x1xbf16>) -> tensor<?x6x1xbf16>
  %h = onnx.unary relu %a : (tensor<?x6x1xbf16>) -> tensor<?x6x1xbf16>
  %y = onnx.matmul %g2, %h : (tensor<?x8x6xbf16>, tensor<?x6x1xbf16>) -> tensor<?x8x1xbf16>
  // expected-remark @below {{expert-form: the output of an expert is not a product with its weights}}
  %neg = onnx.unary exp %y : (tensor<?x8x1xbf16>) -> tensor<?x8x1xbf16>
  %y1 = onnx.squeeze %neg, %two : (tensor<?x8x1xbf16>, tensor<1xi64>) -> tensor<?x8xbf16>
  %y2 = onnx.cast %y1 : (tensor<?x8xbf16>) -> tensor<?x8xf32>
  %t = onnx.binary mul %y2, %v : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %t1 = onnx.unsqueeze %t, %one : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1x8xf32>
  %sum = onnx.reduce sum %t1, %one : (tensor<?x1x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  %out = onnx.cast %sum : (tensor<?x8xf32>) -> tensor<?x8xbf16>
  return %out : tensor<?x8xbf16>
}

// -----

rt.weight @w : tensor<4x14x8xbf16> = #rt.file<"w", 0, tensor<4x14x8xbf16>>
// Added is the product itself, no vector per expert.
// CHECK: @twice_the_product
func.func @twice_the_product(%x: tensor<?x8xbf16> {onnx.dim_names = ["t", ""]}, %z: tensor<?x4xbf16> {onnx.dim_names = ["t", ""]})
    -> tensor<?x8xbf16> {
  %zero = onnx.constant dense<0> : tensor<1xi64>
  %one = onnx.constant dense<1> : tensor<1xi64>
  %two = onnx.constant dense<2> : tensor<1xi64>
  %six = onnx.constant dense<6> : tensor<1xi64>
  %eight = onnx.constant dense<8> : tensor<1xi64>
  %end = onnx.constant dense<14> : tensor<1xi64>
  %w = rt.get_weight @w : tensor<4x14x8xbf16>
  %w1 = onnx.slice %w, %zero, %six, %one : (tensor<4x14x8xbf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x6x8xbf16>
  %w2 = onnx.slice %w, %eight, %end, %one : (tensor<4x14x8xbf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x6x8xbf16>
  %w3 = onnx.transpose %w2 {perm = array<i64: 0, 2, 1>} : (tensor<4x6x8xbf16>) -> tensor<4x8x6xbf16>
  %wide = onnx.cast %z : (tensor<?x4xbf16>) -> tensor<?x4xf32>
  %p = onnx.softmax %wide {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %v, %i = onnx.topk %p, %one {axis = 1 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x1xf32>, tensor<?x1xi64>)
  %g1 = onnx.gather_nd %w1, %i : (tensor<4x6x8xbf16>, tensor<?x1xi64>) -> tensor<?x6x8xbf16>
  %g2 = onnx.gather_nd %w3, %i : (tensor<4x8x6xbf16>, tensor<?x1xi64>) -> tensor<?x8x6xbf16>
  %x1 = onnx.unsqueeze %x, %two : (tensor<?x8xbf16>, tensor<1xi64>) -> tensor<?x8x1xbf16>
  %a = onnx.matmul %g1, %x1 : (tensor<?x6x8xbf16>, tensor<?x8x1xbf16>) -> tensor<?x6x1xbf16>
  %h = onnx.unary relu %a : (tensor<?x6x1xbf16>) -> tensor<?x6x1xbf16>
  %y = onnx.matmul %g2, %h : (tensor<?x8x6xbf16>, tensor<?x6x1xbf16>) -> tensor<?x8x1xbf16>
  // expected-remark @below {{expert-form: the output of an expert is not a product with its weights, plus a bias per expert or none}}
  %neg = onnx.binary add %y, %y : (tensor<?x8x1xbf16>, tensor<?x8x1xbf16>) -> tensor<?x8x1xbf16>
  %y1 = onnx.squeeze %neg, %two : (tensor<?x8x1xbf16>, tensor<1xi64>) -> tensor<?x8xbf16>
  %y2 = onnx.cast %y1 : (tensor<?x8xbf16>) -> tensor<?x8xf32>
  %t = onnx.binary mul %y2, %v : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %t1 = onnx.unsqueeze %t, %one : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1x8xf32>
  %sum = onnx.reduce sum %t1, %one : (tensor<?x1x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  %out = onnx.cast %sum : (tensor<?x8xf32>) -> tensor<?x8xbf16>
  return %out : tensor<?x8xbf16>
}

// -----

rt.weight @w : tensor<4x14x8xbf16> = #rt.file<"w", 0, tensor<4x14x8xbf16>>
// The hidden row is a part of the matrices themselves.
// CHECK: @moved_columns
func.func @moved_columns(%x: tensor<?x8xbf16> {onnx.dim_names = ["t", ""]}, %z: tensor<?x4xbf16> {onnx.dim_names = ["t", ""]})
    -> tensor<?x8xbf16> {
  %zero = onnx.constant dense<0> : tensor<1xi64>
  %one = onnx.constant dense<1> : tensor<1xi64>
  %two = onnx.constant dense<2> : tensor<1xi64>
  %six = onnx.constant dense<6> : tensor<1xi64>
  %eight = onnx.constant dense<8> : tensor<1xi64>
  %end = onnx.constant dense<14> : tensor<1xi64>
  %w = rt.get_weight @w : tensor<4x14x8xbf16>
  %w1 = onnx.slice %w, %zero, %six, %one : (tensor<4x14x8xbf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x6x8xbf16>
  %w2 = onnx.slice %w, %eight, %end, %one : (tensor<4x14x8xbf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x6x8xbf16>
  %w3 = onnx.transpose %w2 {perm = array<i64: 0, 2, 1>} : (tensor<4x6x8xbf16>) -> tensor<4x8x6xbf16>
  %wide = onnx.cast %z : (tensor<?x4xbf16>) -> tensor<?x4xf32>
  %p = onnx.softmax %wide {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %v, %i = onnx.topk %p, %one {axis = 1 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x1xf32>, tensor<?x1xi64>)
  %g1 = onnx.gather_nd %w1, %i : (tensor<4x6x8xbf16>, tensor<?x1xi64>) -> tensor<?x6x8xbf16>
  %g2 = onnx.gather_nd %w3, %i : (tensor<4x8x6xbf16>, tensor<?x1xi64>) -> tensor<?x8x6xbf16>
  %x1 = onnx.unsqueeze %x, %two : (tensor<?x8xbf16>, tensor<1xi64>) -> tensor<?x8x1xbf16>
  %a = onnx.matmul %g1, %x1 : (tensor<?x6x8xbf16>, tensor<?x8x1xbf16>) -> tensor<?x6x1xbf16>
  %h = onnx.unary relu %a : (tensor<?x6x1xbf16>) -> tensor<?x6x1xbf16>
  %zz = onnx.constant dense<0> : tensor<1xi64>
  %g3 = onnx.slice %g1, %zz, %one, %two : (tensor<?x6x8xbf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x6x1xbf16>
  // expected-remark @below {{expert-form: the columns of the last product are moved}}
  %y = onnx.matmul %g2, %g3 : (tensor<?x8x6xbf16>, tensor<?x6x1xbf16>) -> tensor<?x8x1xbf16>
  %y1 = onnx.squeeze %y, %two : (tensor<?x8x1xbf16>, tensor<1xi64>) -> tensor<?x8xbf16>
  %y2 = onnx.cast %y1 : (tensor<?x8xbf16>) -> tensor<?x8xf32>
  %t = onnx.binary mul %y2, %v : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %t1 = onnx.unsqueeze %t, %one : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1x8xf32>
  %sum = onnx.reduce sum %t1, %one : (tensor<?x1x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  %out = onnx.cast %sum : (tensor<?x8xf32>) -> tensor<?x8xbf16>
  return %out : tensor<?x8xbf16>
}

// -----

rt.weight @w : tensor<4x14x8xbf16> = #rt.file<"w", 0, tensor<4x14x8xbf16>>
// The weight is added, not multiplied with.
// CHECK: @weight_added
func.func @weight_added(%x: tensor<?x8xbf16> {onnx.dim_names = ["t", ""]}, %z: tensor<?x4xbf16> {onnx.dim_names = ["t", ""]})
    -> tensor<?x8xbf16> {
  %zero = onnx.constant dense<0> : tensor<1xi64>
  %one = onnx.constant dense<1> : tensor<1xi64>
  %two = onnx.constant dense<2> : tensor<1xi64>
  %six = onnx.constant dense<6> : tensor<1xi64>
  %eight = onnx.constant dense<8> : tensor<1xi64>
  %end = onnx.constant dense<14> : tensor<1xi64>
  %w = rt.get_weight @w : tensor<4x14x8xbf16>
  %w1 = onnx.slice %w, %zero, %six, %one : (tensor<4x14x8xbf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x6x8xbf16>
  %w2 = onnx.slice %w, %eight, %end, %one : (tensor<4x14x8xbf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x6x8xbf16>
  %w3 = onnx.transpose %w2 {perm = array<i64: 0, 2, 1>} : (tensor<4x6x8xbf16>) -> tensor<4x8x6xbf16>
  %wide = onnx.cast %z : (tensor<?x4xbf16>) -> tensor<?x4xf32>
  %p = onnx.softmax %wide {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %v, %i = onnx.topk %p, %one {axis = 1 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x1xf32>, tensor<?x1xi64>)
  %g1 = onnx.gather_nd %w1, %i : (tensor<4x6x8xbf16>, tensor<?x1xi64>) -> tensor<?x6x8xbf16>
  %g2 = onnx.gather_nd %w3, %i : (tensor<4x8x6xbf16>, tensor<?x1xi64>) -> tensor<?x8x6xbf16>
  %x1 = onnx.unsqueeze %x, %two : (tensor<?x8xbf16>, tensor<1xi64>) -> tensor<?x8x1xbf16>
  %a = onnx.matmul %g1, %x1 : (tensor<?x6x8xbf16>, tensor<?x8x1xbf16>) -> tensor<?x6x1xbf16>
  %h = onnx.unary relu %a : (tensor<?x6x1xbf16>) -> tensor<?x6x1xbf16>
  %y = onnx.matmul %g2, %h : (tensor<?x8x6xbf16>, tensor<?x6x1xbf16>) -> tensor<?x8x1xbf16>
  %y1 = onnx.squeeze %y, %two : (tensor<?x8x1xbf16>, tensor<1xi64>) -> tensor<?x8xbf16>
  %y2 = onnx.cast %y1 : (tensor<?x8xbf16>) -> tensor<?x8xf32>
  // expected-remark @below {{weighted-terms: the terms of the sum are not products of a router weight and an expert's output}}
  %t = onnx.binary add %y2, %v : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %t1 = onnx.unsqueeze %t, %one : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1x8xf32>
  %sum = onnx.reduce sum %t1, %one : (tensor<?x1x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  %out = onnx.cast %sum : (tensor<?x8xf32>) -> tensor<?x8xbf16>
  return %out : tensor<?x8xbf16>
}

// -----

// Matrices that are cut from an input of the model.
// CHECK: @run_time_weights
func.func @run_time_weights(%w: tensor<4x14x8xbf16>, %x: tensor<?x8xbf16> {onnx.dim_names = ["t", ""]}, %z: tensor<?x4xbf16> {onnx.dim_names = ["t", ""]})
    -> tensor<?x8xbf16> {
  %zero = onnx.constant dense<0> : tensor<1xi64>
  %one = onnx.constant dense<1> : tensor<1xi64>
  %two = onnx.constant dense<2> : tensor<1xi64>
  %six = onnx.constant dense<6> : tensor<1xi64>
  %eight = onnx.constant dense<8> : tensor<1xi64>
  %end = onnx.constant dense<14> : tensor<1xi64>
  %w1 = onnx.slice %w, %zero, %six, %one : (tensor<4x14x8xbf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x6x8xbf16>
  %w2 = onnx.slice %w, %eight, %end, %one : (tensor<4x14x8xbf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x6x8xbf16>
  %w3 = onnx.transpose %w2 {perm = array<i64: 0, 2, 1>} : (tensor<4x6x8xbf16>) -> tensor<4x8x6xbf16>
  %wide = onnx.cast %z : (tensor<?x4xbf16>) -> tensor<?x4xf32>
  %p = onnx.softmax %wide {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // expected-remark @below {{constant-weights: the weights are no initialisers, or not boxes of initialisers}}
  %v, %i = onnx.topk %p, %one {axis = 1 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x1xf32>, tensor<?x1xi64>)
  %g1 = onnx.gather_nd %w1, %i : (tensor<4x6x8xbf16>, tensor<?x1xi64>) -> tensor<?x6x8xbf16>
  %g2 = onnx.gather_nd %w3, %i : (tensor<4x8x6xbf16>, tensor<?x1xi64>) -> tensor<?x8x6xbf16>
  %x1 = onnx.unsqueeze %x, %two : (tensor<?x8xbf16>, tensor<1xi64>) -> tensor<?x8x1xbf16>
  %a = onnx.matmul %g1, %x1 : (tensor<?x6x8xbf16>, tensor<?x8x1xbf16>) -> tensor<?x6x1xbf16>
  %h = onnx.unary relu %a : (tensor<?x6x1xbf16>) -> tensor<?x6x1xbf16>
  %y = onnx.matmul %g2, %h : (tensor<?x8x6xbf16>, tensor<?x6x1xbf16>) -> tensor<?x8x1xbf16>
  %y1 = onnx.squeeze %y, %two : (tensor<?x8x1xbf16>, tensor<1xi64>) -> tensor<?x8xbf16>
  %y2 = onnx.cast %y1 : (tensor<?x8xbf16>) -> tensor<?x8xf32>
  %t = onnx.binary mul %y2, %v : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %t1 = onnx.unsqueeze %t, %one : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1x8xf32>
  %sum = onnx.reduce sum %t1, %one : (tensor<?x1x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  %out = onnx.cast %sum : (tensor<?x8xf32>) -> tensor<?x8xbf16>
  return %out : tensor<?x8xbf16>
}
