// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s

// CHECK-LABEL: @unary(
// CHECK: onnx.unary sigmoid %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
func.func @unary(%x: tensor<?x8xf32>) {
  %r = onnx.unary sigmoid %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @unary_alpha(
// CHECK: onnx.unary swish %{{.*}} {alpha = 1.702000e+00 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
func.func @unary_alpha(%x: tensor<?x8xf32>) {
  %r = onnx.unary swish %x {alpha = 1.702000e+00 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @unary_is_nan(
// CHECK: onnx.unary is_nan %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xi1>
func.func @unary_is_nan(%x: tensor<?x8xf32>) {
  %r = onnx.unary is_nan %x : (tensor<?x8xf32>) -> tensor<?x8xi1>
  return
}

// CHECK-LABEL: @unary_unsigned(
// CHECK: onnx.unary bitwise_not %{{.*}} : (tensor<4xui8>) -> tensor<4xui8>
func.func @unary_unsigned(%x: tensor<4xui8>) {
  %r = onnx.unary bitwise_not %x : (tensor<4xui8>) -> tensor<4xui8>
  return
}

// CHECK-LABEL: @binary(
// CHECK: onnx.binary add %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
func.func @binary(%x: tensor<?x8xf32>, %b: tensor<8xf32>) {
  %r = onnx.binary add %x, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @pow(
// CHECK: onnx.binary pow %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<i64>) -> tensor<?x8xf32>
func.func @pow(%x: tensor<?x8xf32>, %b: tensor<i64>) {
  %r = onnx.binary pow %x, %b : (tensor<?x8xf32>, tensor<i64>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @compare(
// CHECK: onnx.compare greater_equal %{{.*}}, %{{.*}} : (tensor<?xi64>, tensor<i64>) -> tensor<?xi1>
func.func @compare(%x: tensor<?xi64>, %b: tensor<i64>) {
  %r = onnx.compare greater_equal %x, %b : (tensor<?xi64>, tensor<i64>) -> tensor<?xi1>
  return
}

// CHECK-LABEL: @reduce(
// CHECK: onnx.reduce mean %{{.*}}, %{{.*}} {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x?xf32>
func.func @reduce(%x: tensor<?x8xf32>, %axes: tensor<1xi64>) {
  %r = onnx.reduce mean %x, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x?xf32>
  return
}

// CHECK-LABEL: @reduce_all(
// CHECK: onnx.reduce sum %{{.*}} : (tensor<?x8xf32>) -> tensor<f32>
func.func @reduce_all(%x: tensor<?x8xf32>) {
  %r = onnx.reduce sum %x : (tensor<?x8xf32>) -> tensor<f32>
  return
}

// CHECK-LABEL: @cast(
// CHECK: onnx.cast %{{.*}} : (tensor<?xi64>) -> tensor<?xf32>
func.func @cast(%x: tensor<?xi64>) {
  %r = onnx.cast %x : (tensor<?xi64>) -> tensor<?xf32>
  return
}

// CHECK-LABEL: @cast_f8(
// CHECK: onnx.cast %{{.*}} {saturate = false} : (tensor<?xf32>) -> tensor<?xf8E4M3FN>
func.func @cast_f8(%x: tensor<?xf32>) {
  %r = onnx.cast %x {saturate = false} : (tensor<?xf32>) -> tensor<?xf8E4M3FN>
  return
}

// CHECK-LABEL: @where(
// CHECK: onnx.where %{{.*}}, %{{.*}}, %{{.*}} : (tensor<?x1xi1>, tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
func.func @where(%c: tensor<?x1xi1>, %x: tensor<?x8xf32>, %y: tensor<f32>) {
  %r = onnx.where %c, %x, %y : (tensor<?x1xi1>, tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @clip(
// CHECK: onnx.clip %{{.*}} max(%{{.*}} : tensor<f32>) : (tensor<?x8xf32>) -> tensor<?x8xf32>
func.func @clip(%x: tensor<?x8xf32>, %limit: tensor<f32>) {
  %r = onnx.clip %x max(%limit : tensor<f32>) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @constant(
// CHECK: onnx.constant dense<[0, -1]> : tensor<2xi64>
func.func @constant() {
  %r = onnx.constant dense<[0, -1]> : tensor<2xi64>
  return
}

// CHECK-LABEL: @constant_of_shape(
// CHECK: onnx.constant_of_shape %{{.*}} {value = dense<0.000000e+00> : tensor<1xf32>} : (tensor<2xi64>) -> tensor<?x8xf32>
func.func @constant_of_shape(%shape: tensor<2xi64>) {
  %r = onnx.constant_of_shape %shape {value = dense<0.000000e+00> : tensor<1xf32>} : (tensor<2xi64>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @shape(
// CHECK: onnx.shape %{{.*}} {start = 1 : i64} : (tensor<?x8xf32>) -> tensor<1xi64>
func.func @shape(%x: tensor<?x8xf32>) {
  %r = onnx.shape %x {start = 1 : i64} : (tensor<?x8xf32>) -> tensor<1xi64>
  return
}

// CHECK-LABEL: @size(
// CHECK: onnx.size %{{.*}} : (tensor<?x8xf32>) -> tensor<i64>
func.func @size(%x: tensor<?x8xf32>) {
  %r = onnx.size %x : (tensor<?x8xf32>) -> tensor<i64>
  return
}

// CHECK-LABEL: @reshape(
// CHECK: onnx.reshape %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x2x4xf32>
func.func @reshape(%x: tensor<?x8xf32>, %shape: tensor<3xi64>) {
  %r = onnx.reshape %x, %shape : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x2x4xf32>
  return
}

// CHECK-LABEL: @flatten(
// CHECK: onnx.flatten %{{.*}} {axis = 2 : i64} : (tensor<?x?x8xf32>) -> tensor<?x8xf32>
func.func @flatten(%x: tensor<?x?x8xf32>) {
  %r = onnx.flatten %x {axis = 2 : i64} : (tensor<?x?x8xf32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @transpose(
// CHECK: onnx.transpose %{{.*}} {perm = array<i64: 0, 2, 1>} : (tensor<?x4x8xf32>) -> tensor<?x8x4xf32>
func.func @transpose(%x: tensor<?x4x8xf32>) {
  %r = onnx.transpose %x {perm = array<i64: 0, 2, 1>} : (tensor<?x4x8xf32>) -> tensor<?x8x4xf32>
  return
}

// CHECK-LABEL: @squeeze(
// CHECK: onnx.squeeze %{{.*}}, %{{.*}} : (tensor<?x1x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
func.func @squeeze(%x: tensor<?x1x8xf32>, %axes: tensor<1xi64>) {
  %r = onnx.squeeze %x, %axes : (tensor<?x1x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @unsqueeze(
// CHECK: onnx.unsqueeze %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1x8xf32>
func.func @unsqueeze(%x: tensor<?x8xf32>, %axes: tensor<1xi64>) {
  %r = onnx.unsqueeze %x, %axes : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1x8xf32>
  return
}

// CHECK-LABEL: @concat(
// CHECK: onnx.concat %{{.*}}, %{{.*}} {axis = 0 : i64} : (tensor<?x8xf32>, tensor<2x8xf32>) -> tensor<?x8xf32>
func.func @concat(%x: tensor<?x8xf32>, %y: tensor<2x8xf32>) {
  %r = onnx.concat %x, %y {axis = 0 : i64} : (tensor<?x8xf32>, tensor<2x8xf32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @split(
// CHECK: onnx.split %{{.*}} {axis = 1 : i64} : (tensor<?x8xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>)
func.func @split(%x: tensor<?x8xf32>) {
  %r:2 = onnx.split %x {axis = 1 : i64} : (tensor<?x8xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>)
  return
}

// CHECK-LABEL: @slice(
// CHECK: onnx.slice %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x4xf32>
func.func @slice(%x: tensor<?x8xf32>, %starts: tensor<1xi64>, %ends: tensor<1xi64>, %axes: tensor<1xi64>) {
  %r = onnx.slice %x, %starts, %ends, %axes : (tensor<?x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: @slice_steps(
// CHECK: onnx.slice %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> tensor<?x4xf32>
func.func @slice_steps(%x: tensor<?x8xf32>, %starts: tensor<1xi32>, %ends: tensor<1xi32>, %axes: tensor<1xi32>, %steps: tensor<1xi32>) {
  %r = onnx.slice %x, %starts, %ends, %axes, %steps : (tensor<?x8xf32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: @expand(
// CHECK: onnx.expand %{{.*}}, %{{.*}} : (tensor<1x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
func.func @expand(%x: tensor<1x8xf32>, %shape: tensor<2xi64>) {
  %r = onnx.expand %x, %shape : (tensor<1x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @tile(
// CHECK: onnx.tile %{{.*}}, %{{.*}} : (tensor<?x1x8xf32>, tensor<3xi64>) -> tensor<?x4x8xf32>
func.func @tile(%x: tensor<?x1x8xf32>, %repeats: tensor<3xi64>) {
  %r = onnx.tile %x, %repeats : (tensor<?x1x8xf32>, tensor<3xi64>) -> tensor<?x4x8xf32>
  return
}

// CHECK-LABEL: @pad(
// CHECK: onnx.pad %{{.*}}, %{{.*}} value(%{{.*}} : tensor<f32>) : (tensor<?x8xf32>, tensor<4xi64>) -> tensor<?x10xf32>
func.func @pad(%x: tensor<?x8xf32>, %pads: tensor<4xi64>, %v: tensor<f32>) {
  %r = onnx.pad %x, %pads value(%v : tensor<f32>) : (tensor<?x8xf32>, tensor<4xi64>) -> tensor<?x10xf32>
  return
}

// CHECK-LABEL: @range(
// CHECK: onnx.range %{{.*}}, %{{.*}}, %{{.*}} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
func.func @range(%start: tensor<i64>, %limit: tensor<i64>, %delta: tensor<i64>) {
  %r = onnx.range %start, %limit, %delta : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  return
}

// CHECK-LABEL: @trilu(
// CHECK: onnx.trilu %{{.*}} {upper = true} : (tensor<?x4x4xf32>) -> tensor<?x4x4xf32>
func.func @trilu(%x: tensor<?x4x4xf32>) {
  %r = onnx.trilu %x {upper = true} : (tensor<?x4x4xf32>) -> tensor<?x4x4xf32>
  return
}

// CHECK-LABEL: @gather(
// CHECK: onnx.gather %{{.*}}, %{{.*}} {axis = 0 : i64} : (tensor<99x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
func.func @gather(%x: tensor<99x8xf32>, %ids: tensor<?x?xi64>) {
  %r = onnx.gather %x, %ids {axis = 0 : i64} : (tensor<99x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  return
}

// CHECK-LABEL: @gather_elements(
// CHECK: onnx.gather_elements %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<?x8xf32>, tensor<?x2xi64>) -> tensor<?x2xf32>
func.func @gather_elements(%x: tensor<?x8xf32>, %ids: tensor<?x2xi64>) {
  %r = onnx.gather_elements %x, %ids {axis = 1 : i64} : (tensor<?x8xf32>, tensor<?x2xi64>) -> tensor<?x2xf32>
  return
}

// CHECK-LABEL: @gather_nd(
// CHECK: onnx.gather_nd %{{.*}}, %{{.*}} : (tensor<8x4x6xf32>, tensor<?x1xi64>) -> tensor<?x4x6xf32>
func.func @gather_nd(%w: tensor<8x4x6xf32>, %ids: tensor<?x1xi64>) {
  %r = onnx.gather_nd %w, %ids : (tensor<8x4x6xf32>, tensor<?x1xi64>) -> tensor<?x4x6xf32>
  return
}

// CHECK-LABEL: @scatter_elements(
// CHECK: onnx.scatter_elements %{{.*}}, %{{.*}}, %{{.*}} {axis = 1 : i64, reduction = #onnx.reduction<add>} : (tensor<?x8xf32>, tensor<?x2xi64>, tensor<?x2xf32>) -> tensor<?x8xf32>
func.func @scatter_elements(%x: tensor<?x8xf32>, %ids: tensor<?x2xi64>, %u: tensor<?x2xf32>) {
  %r = onnx.scatter_elements %x, %ids, %u {axis = 1 : i64, reduction = #onnx.reduction<add>} : (tensor<?x8xf32>, tensor<?x2xi64>, tensor<?x2xf32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @scatter_nd(
// CHECK: onnx.scatter_nd %{{.*}}, %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<?x1xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
func.func @scatter_nd(%x: tensor<?x8xf32>, %ids: tensor<?x1xi64>, %u: tensor<?x8xf32>) {
  %r = onnx.scatter_nd %x, %ids, %u : (tensor<?x8xf32>, tensor<?x1xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @one_hot(
// CHECK: onnx.one_hot %{{.*}}, %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<?xi64>, tensor<i64>, tensor<2xf32>) -> tensor<?x8xf32>
func.func @one_hot(%ids: tensor<?xi64>, %depth: tensor<i64>, %values: tensor<2xf32>) {
  %r = onnx.one_hot %ids, %depth, %values {axis = 1 : i64} : (tensor<?xi64>, tensor<i64>, tensor<2xf32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @nonzero(
// CHECK: onnx.nonzero %{{.*}} : (tensor<?x8xi1>) -> tensor<2x?xi64>
func.func @nonzero(%x: tensor<?x8xi1>) {
  %r = onnx.nonzero %x : (tensor<?x8xi1>) -> tensor<2x?xi64>
  return
}

// CHECK-LABEL: @topk(
// CHECK: onnx.topk %{{.*}}, %{{.*}} {axis = 1 : i64, largest = false} : (tensor<?x8xf32>, tensor<1xi64>) -> (tensor<?x2xf32>, tensor<?x2xi64>)
func.func @topk(%x: tensor<?x8xf32>, %k: tensor<1xi64>) {
  %r:2 = onnx.topk %x, %k {axis = 1 : i64, largest = false} : (tensor<?x8xf32>, tensor<1xi64>) -> (tensor<?x2xf32>, tensor<?x2xi64>)
  return
}

// CHECK-LABEL: @argmax(
// CHECK: onnx.argmax %{{.*}} {axis = 1 : i64, keepdims} : (tensor<?x8xf32>) -> tensor<?x1xi64>
func.func @argmax(%x: tensor<?x8xf32>) {
  %r = onnx.argmax %x {axis = 1 : i64, keepdims} : (tensor<?x8xf32>) -> tensor<?x1xi64>
  return
}

// CHECK-LABEL: @argmin(
// CHECK: onnx.argmin %{{.*}} {axis = 1 : i64, select_last_index} : (tensor<?x8xf32>) -> tensor<?xi64>
func.func @argmin(%x: tensor<?x8xf32>) {
  %r = onnx.argmin %x {axis = 1 : i64, select_last_index} : (tensor<?x8xf32>) -> tensor<?xi64>
  return
}

// CHECK-LABEL: @cumsum(
// CHECK: onnx.cumsum %{{.*}}, %{{.*}} {exclusive} : (tensor<?x8xi32>, tensor<i64>) -> tensor<?x8xi32>
func.func @cumsum(%x: tensor<?x8xi32>, %axis: tensor<i64>) {
  %r = onnx.cumsum %x, %axis {exclusive} : (tensor<?x8xi32>, tensor<i64>) -> tensor<?x8xi32>
  return
}

// CHECK-LABEL: @matmul(
// CHECK: onnx.matmul %{{.*}}, %{{.*}} : (tensor<?x?x8xf32>, tensor<8x4xf32>) -> tensor<?x?x4xf32>
func.func @matmul(%x: tensor<?x?x8xf32>, %w: tensor<8x4xf32>) {
  %r = onnx.matmul %x, %w : (tensor<?x?x8xf32>, tensor<8x4xf32>) -> tensor<?x?x4xf32>
  return
}

// CHECK-LABEL: @gemm(
// CHECK: onnx.gemm %{{.*}}, %{{.*}}, %{{.*}} {alpha = 5.000000e-01 : f32, trans_b} : (tensor<?x8xf32>, tensor<4x8xf32>, tensor<4xf32>) -> tensor<?x4xf32>
func.func @gemm(%x: tensor<?x8xf32>, %w: tensor<4x8xf32>, %b: tensor<4xf32>) {
  %r = onnx.gemm %x, %w, %b {alpha = 5.000000e-01 : f32, trans_b} : (tensor<?x8xf32>, tensor<4x8xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: @einsum(
// CHECK: onnx.einsum %{{.*}}, %{{.*}} {equation = "td,tec->ecd"} : (tensor<?x8xf32>, tensor<?x4x2xf32>) -> tensor<4x2x8xf32>
func.func @einsum(%x: tensor<?x8xf32>, %y: tensor<?x4x2xf32>) {
  %r = onnx.einsum %x, %y {equation = "td,tec->ecd"} : (tensor<?x8xf32>, tensor<?x4x2xf32>) -> tensor<4x2x8xf32>
  return
}

// CHECK-LABEL: @softmax(
// CHECK: onnx.softmax %{{.*}} {axis = 1 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
func.func @softmax(%x: tensor<?x8xf32>) {
  %r = onnx.softmax %x {axis = 1 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @log_softmax(
// CHECK: onnx.log_softmax %{{.*}} {axis = 1 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
func.func @log_softmax(%x: tensor<?x8xf32>) {
  %r = onnx.log_softmax %x {axis = 1 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @hardmax(
// CHECK: onnx.hardmax %{{.*}} {axis = 1 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
func.func @hardmax(%x: tensor<?x8xf32>) {
  %r = onnx.hardmax %x {axis = 1 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @layer_norm(
// CHECK: onnx.layer_norm %{{.*}}, %{{.*}}, %{{.*}} {axis = 2 : i64, epsilon = 9.99999974E-6 : f32, stash = f32} : (tensor<?x?x8xf16>, tensor<8xf16>, tensor<8xf16>) -> tensor<?x?x8xf16>
func.func @layer_norm(%x: tensor<?x?x8xf16>, %s: tensor<8xf16>, %b: tensor<8xf16>) {
  %r = onnx.layer_norm %x, %s, %b {axis = 2 : i64, epsilon = 9.99999974E-6 : f32, stash = f32} : (tensor<?x?x8xf16>, tensor<8xf16>, tensor<8xf16>) -> tensor<?x?x8xf16>
  return
}

// CHECK-LABEL: @layer_norm_statistics(
// CHECK: onnx.layer_norm %{{.*}}, %{{.*}} {axis = 2 : i64, epsilon = 9.99999974E-6 : f32, stash = f32} : (tensor<?x?x8xf16>, tensor<8xf16>) -> tensor<?x?x8xf16> mean(tensor<?x?x1xf32>) inv_std_dev(tensor<?x?x1xf32>)
func.func @layer_norm_statistics(%x: tensor<?x?x8xf16>, %s: tensor<8xf16>) {
  %y, %mean, %inv = onnx.layer_norm %x, %s {axis = 2 : i64, epsilon = 9.99999974E-6 : f32, stash = f32} : (tensor<?x?x8xf16>, tensor<8xf16>) -> tensor<?x?x8xf16> mean(tensor<?x?x1xf32>) inv_std_dev(tensor<?x?x1xf32>)
  return
}

// CHECK-LABEL: @rms_norm(
// CHECK: onnx.rms_norm %{{.*}}, %{{.*}} {axis = 2 : i64, epsilon = 9.99999997E-7 : f32, stash = f32} : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
func.func @rms_norm(%x: tensor<?x?x8xf32>, %s: tensor<8xf32>) {
  %r = onnx.rms_norm %x, %s {axis = 2 : i64, epsilon = 9.99999997E-7 : f32, stash = f32} : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  return
}

// CHECK-LABEL: @rotary_embedding(
// CHECK: onnx.rotary_embedding %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<?x4x?x16xf32>, tensor<64x8xf32>, tensor<64x8xf32>, tensor<?x?xi64>) -> tensor<?x4x?x16xf32>
func.func @rotary_embedding(%x: tensor<?x4x?x16xf32>, %cos: tensor<64x8xf32>, %sin: tensor<64x8xf32>, %positions: tensor<?x?xi64>) {
  %r = onnx.rotary_embedding %x, %cos, %sin, %positions : (tensor<?x4x?x16xf32>, tensor<64x8xf32>, tensor<64x8xf32>, tensor<?x?xi64>) -> tensor<?x4x?x16xf32>
  return
}

// CHECK-LABEL: @attention(
// CHECK: onnx.attention %{{.*}}, %{{.*}}, %{{.*}} mask(%{{.*}} : tensor<?x?xi1>) {causal} : (tensor<?x4x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>) -> tensor<?x4x?x16xf32>
func.func @attention(%q: tensor<?x4x?x16xf32>, %k: tensor<?x2x?x16xf32>, %v: tensor<?x2x?x16xf32>, %m: tensor<?x?xi1>) {
  %r = onnx.attention %q, %k, %v mask(%m : tensor<?x?xi1>) {causal} : (tensor<?x4x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>) -> tensor<?x4x?x16xf32>
  return
}

// CHECK-LABEL: @attention_past(
// CHECK: onnx.attention %{{.*}}, %{{.*}}, %{{.*}} past(%{{.*}}, %{{.*}} : tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>) : (tensor<?x4x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>) -> tensor<?x4x?x16xf32> present(tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>) qk(tensor<?x4x?x?xf32>)
func.func @attention_past(%q: tensor<?x4x?x16xf32>, %k: tensor<?x2x?x16xf32>, %v: tensor<?x2x?x16xf32>, %k1: tensor<?x2x?x16xf32>, %v1: tensor<?x2x?x16xf32>) {
  %r, %pk, %pv, %qk = onnx.attention %q, %k, %v past(%k1, %v1 : tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>) : (tensor<?x4x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>) -> tensor<?x4x?x16xf32> present(tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>) qk(tensor<?x4x?x?xf32>)
  return
}

// CHECK-LABEL: @contrib_moe(
// CHECK: onnx.contrib_moe %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} fc3(%{{.*}} : tensor<4x16x8xf32>) {activation = #onnx.expert_activation<silu>, k = 2 : i64, normalize} : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
func.func @contrib_moe(%x: tensor<?x8xf32>, %router: tensor<?x4xf32>, %fc1: tensor<4x16x8xf32>, %fc2: tensor<4x8x16xf32>, %fc3: tensor<4x16x8xf32>) {
  %r = onnx.contrib_moe %x, %router, %fc1, %fc2 fc3(%fc3 : tensor<4x16x8xf32>) {activation = #onnx.expert_activation<silu>, k = 2 : i64, normalize} : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: @contrib_moe_swiglu(
// CHECK: onnx.contrib_moe %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} fc1_bias(%{{.*}} : tensor<4x32xf32>) fc2_bias(%{{.*}} : tensor<4x8xf32>) {activation = #onnx.expert_activation<swiglu>, activation_alpha = 1.702000e+00 : f32, activation_beta = 1.000000e+00 : f32, k = 2 : i64, swiglu_fusion = 1 : i64, swiglu_limit = 7.000000e+00 : f32} : (tensor<2x?x8xf32>, tensor<?x4xf32>, tensor<4x32x8xf32>, tensor<4x8x16xf32>) -> tensor<2x?x8xf32>
func.func @contrib_moe_swiglu(%x: tensor<2x?x8xf32>, %router: tensor<?x4xf32>, %fc1: tensor<4x32x8xf32>, %fc2: tensor<4x8x16xf32>, %b1: tensor<4x32xf32>, %b2: tensor<4x8xf32>) {
  %r = onnx.contrib_moe %x, %router, %fc1, %fc2 fc1_bias(%b1 : tensor<4x32xf32>) fc2_bias(%b2 : tensor<4x8xf32>) {activation = #onnx.expert_activation<swiglu>, activation_alpha = 1.702000e+00 : f32, activation_beta = 1.000000e+00 : f32, k = 2 : i64, swiglu_fusion = 1 : i64, swiglu_limit = 7.000000e+00 : f32} : (tensor<2x?x8xf32>, tensor<?x4xf32>, tensor<4x32x8xf32>, tensor<4x8x16xf32>) -> tensor<2x?x8xf32>
  return
}

// CHECK-LABEL: @names(
// CHECK-SAME: {onnx.dim_names = ["batch", ""], onnx.name = "x"}
func.func @names(%x: tensor<?x8xf32> {onnx.dim_names = ["batch", ""], onnx.name = "x"})
    -> (tensor<?x8xf32> {onnx.name = "y"}) {
  return %x : tensor<?x8xf32>
}
