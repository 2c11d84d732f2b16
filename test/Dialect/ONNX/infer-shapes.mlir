// RUN: moe-opt %s --onnx-infer-shapes -split-input-file --allow-unregistered-dialect | FileCheck %s

// The chain that exporters write for "batch x sequence x (heads * size) to batch x sequence x heads x size".
// CHECK-LABEL: @split_heads
// CHECK-SAME: -> tensor<?x?x4x10xf32>
// CHECK: onnx.reshape %{{.*}} : (tensor<?x?x40xf32>, tensor<4xi64>) -> tensor<?x?x4x10xf32>
func.func @split_heads(%x: tensor<?x?x40xf32> {onnx.dim_names = ["batch", "seq", ""]}) -> tensor<*xf32> {
  %zero = onnx.constant dense<0> : tensor<i64>
  %one = onnx.constant dense<1> : tensor<i64>
  %axes = onnx.constant dense<0> : tensor<1xi64>
  %tail = onnx.constant dense<[4, -1]> : tensor<2xi64>
  %shape = onnx.shape %x : (tensor<?x?x40xf32>) -> tensor<?xi64>
  %b = onnx.gather %shape, %zero {axis = 0 : i64} : (tensor<?xi64>, tensor<i64>) -> tensor<*xi64>
  %s = onnx.gather %shape, %one {axis = 0 : i64} : (tensor<?xi64>, tensor<i64>) -> tensor<i64>
  %b1 = onnx.unsqueeze %b, %axes : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  %s1 = onnx.unsqueeze %s, %axes : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
  %target = onnx.concat %b1, %s1, %tail {axis = 0 : i64} : (tensor<*xi64>, tensor<1xi64>, tensor<2xi64>) -> tensor<?xi64>
  %y = onnx.reshape %x, %target : (tensor<?x?x40xf32>, tensor<?xi64>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

// Sizes of one name are one size: batch * seq * 40 elements over batch and seq leave 40.
// CHECK-LABEL: @same_names
// CHECK: onnx.reshape {{.*}} -> tensor<?x?x40xf32>
// CHECK: onnx.binary add {{.*}} -> tensor<?x?x40xf32>
func.func @same_names(%ids: tensor<?x?xi64> {onnx.dim_names = ["batch", "seq"]},
                      %like: tensor<?x?x1xf32> {onnx.dim_names = ["batch", "seq", ""]}) -> tensor<?x?x?xf32> {
  %m1 = onnx.constant dense<-1> : tensor<1xi64>
  %width = onnx.constant dense<40> : tensor<1xi64>
  %s = onnx.shape %ids : (tensor<?x?xi64>) -> tensor<2xi64>
  %flat = onnx.concat %m1, %width {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %e = onnx.concat %s, %width {axis = 0 : i64} : (tensor<2xi64>, tensor<1xi64>) -> tensor<3xi64>
  %rows = onnx.expand %like, %e : (tensor<?x?x1xf32>, tensor<3xi64>) -> tensor<?x?x?xf32>
  %f = onnx.reshape %rows, %flat : (tensor<?x?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %u = onnx.concat %s, %m1 {axis = 0 : i64} : (tensor<2xi64>, tensor<1xi64>) -> tensor<3xi64>
  %y = onnx.reshape %f, %u : (tensor<?x?xf32>, tensor<3xi64>) -> tensor<?x?x?xf32>
  %z = onnx.binary add %y, %like : (tensor<?x?x?xf32>, tensor<?x?x1xf32>) -> tensor<?x?x?xf32>
  return %z : tensor<?x?x?xf32>
}

// -----

// The exporters' expand idiom: where(shape == -1, ones, shape). A size is never -1.
// CHECK-LABEL: @expand_idiom
// CHECK: onnx.expand {{.*}} -> tensor<?x2x8xf32>
func.func @expand_idiom(%x: tensor<?x1x8xf32> {onnx.dim_names = ["n", "", ""]}) -> tensor<*xf32> {
  %tail = onnx.constant dense<[2, -1]> : tensor<2xi64>
  %m1 = onnx.constant dense<-1> : tensor<i64>
  %n = onnx.shape %x {end = 1 : i64} : (tensor<?x1x8xf32>) -> tensor<1xi64>
  %s = onnx.concat %n, %tail {axis = 0 : i64} : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %len = onnx.shape %s : (tensor<3xi64>) -> tensor<1xi64>
  %ones = onnx.constant_of_shape %len {value = dense<1> : tensor<1xi64>} : (tensor<1xi64>) -> tensor<?xi64>
  %is = onnx.compare equal %s, %m1 : (tensor<3xi64>, tensor<i64>) -> tensor<3xi1>
  %t = onnx.where %is, %ones, %s : (tensor<3xi1>, tensor<?xi64>, tensor<3xi64>) -> tensor<?xi64>
  %y = onnx.expand %x, %t : (tensor<?x1x8xf32>, tensor<?xi64>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

// Half of the last axis, as TorchScript cuts gate and up: div(add(96, 1), 2).
// CHECK-LABEL: @halves
// CHECK: onnx.slice {{.*}} -> tensor<?x48xf32>
// CHECK: onnx.slice {{.*}} -> tensor<?x48xf32>
func.func @halves(%x: tensor<?x96xf32>) -> (tensor<?x?xf32>, tensor<?x?xf32>) {
  %zero = onnx.constant dense<0> : tensor<1xi64>
  %one = onnx.constant dense<1> : tensor<1xi64>
  %two = onnx.constant dense<2> : tensor<1xi64>
  %s = onnx.shape %x : (tensor<?x96xf32>) -> tensor<2xi64>
  %n = onnx.gather %s, %one {axis = 0 : i64} : (tensor<2xi64>, tensor<1xi64>) -> tensor<1xi64>
  %n1 = onnx.binary add %n, %one : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %half = onnx.binary div %n1, %two : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %full = onnx.binary mul %half, %two : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %a = onnx.slice %x, %zero, %half, %one : (tensor<?x96xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?xf32>
  %b = onnx.slice %x, %half, %full, %one : (tensor<?x96xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?xf32>
  return %a, %b : tensor<?x?xf32>, tensor<?x?xf32>
}

// -----

// grouped_mm: T * k pairs, k from the shape of the choices; the sort takes as many as there are.
// CHECK-LABEL: @pairs
// CHECK-SAME: -> (tensor<?xi64>, tensor<?x2x16xf32>)
// CHECK: onnx.reshape {{.*}} -> tensor<?x2x16xf32>
func.func @pairs(%ids: tensor<?x2xi64> {onnx.dim_names = ["t", ""]}, %rows: tensor<?x16xf32>) -> (tensor<?xi64>, tensor<*xf32>) {
  %m1 = onnx.constant dense<-1> : tensor<1xi64>
  %last = onnx.constant dense<-1> : tensor<i64>
  %target = onnx.constant dense<[-1, 2, 16]> : tensor<3xi64>
  %flat = onnx.reshape %ids, %m1 : (tensor<?x2xi64>, tensor<1xi64>) -> tensor<?xi64>
  %s = onnx.shape %flat : (tensor<?xi64>) -> tensor<1xi64>
  %n = onnx.gather %s, %last {axis = 0 : i64} : (tensor<1xi64>, tensor<i64>) -> tensor<i64>
  %one = onnx.constant dense<1> : tensor<1xi64>
  %k = onnx.reshape %n, %one : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
  %sorted, %perm = onnx.topk %flat, %k {axis = 0 : i64, largest = false} : (tensor<?xi64>, tensor<1xi64>) -> (tensor<?xi64>, tensor<?xi64>)
  %index = onnx.unsqueeze %perm, %one : (tensor<?xi64>, tensor<1xi64>) -> tensor<?x1xi64>
  %g = onnx.gather_nd %rows, %index : (tensor<?x16xf32>, tensor<?x1xi64>) -> tensor<?x?xf32>
  %y = onnx.reshape %g, %target : (tensor<?x?xf32>, tensor<3xi64>) -> tensor<*xf32>
  return %sorted, %y : tensor<?xi64>, tensor<*xf32>
}

// -----

// A cache grows: past + new, and the sum minus the past is the new length again.
// CHECK-LABEL: @cache
// CHECK: onnx.slice {{.*}} -> tensor<1x?x64xf32>
// CHECK: onnx.reshape {{.*}} -> tensor<?x8x8xf32>
func.func @cache(%past: tensor<1x?x64xf32> {onnx.dim_names = ["", "past", ""]},
                 %new: tensor<1x?x64xf32> {onnx.dim_names = ["", "seq", ""]}) -> tensor<*xf32> {
  %axis = onnx.constant dense<1> : tensor<1xi64>
  %end = onnx.constant dense<9223372036854775807> : tensor<1xi64>
  %present = onnx.concat %past, %new {axis = 1 : i64} : (tensor<1x?x64xf32>, tensor<1x?x64xf32>) -> tensor<?x?x?xf32>
  %length = onnx.shape %past {start = 1 : i64, end = 2 : i64} : (tensor<1x?x64xf32>) -> tensor<1xi64>
  %tail = onnx.slice %present, %length, %end, %axis : (tensor<?x?x?xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x?xf32>
  %seq = onnx.shape %new {start = 1 : i64, end = 2 : i64} : (tensor<1x?x64xf32>) -> tensor<1xi64>
  %eight = onnx.constant dense<[8, -1]> : tensor<2xi64>
  %target = onnx.concat %seq, %eight {axis = 0 : i64} : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %y = onnx.reshape %tail, %target : (tensor<?x?x?xf32>, tensor<3xi64>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

// Users outside the dialect and callers keep their types.
// CHECK-LABEL: @foreign
// CHECK-SAME: -> tensor<?xf32>
// CHECK: %[[Y:.*]] = onnx.unary exp %{{.*}} -> tensor<4xf32>
// CHECK: %[[CAST:.*]] = tensor.cast %[[Y]] : tensor<4xf32> to tensor<?xf32>
// CHECK: "test.use"(%[[CAST]]) : (tensor<?xf32>)
// CHECK: return %{{.*}} : tensor<?xf32>
func.func private @foreign(%x: tensor<4xf32>) -> tensor<?xf32> {
  %y = onnx.unary exp %x : (tensor<4xf32>) -> tensor<?xf32>
  "test.use"(%y) : (tensor<?xf32>) -> ()
  return %y : tensor<?xf32>
}
func.func @caller(%x: tensor<4xf32>) -> tensor<?xf32> {
  %y = func.call @foreign(%x) : (tensor<4xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// Repeats that TorchScript writes as a one-hot vector.
// CHECK-LABEL: @one_hot_repeats
// CHECK: onnx.tile {{.*}} -> tensor<?x3x8xf32>
func.func @one_hot_repeats(%x: tensor<?x1x8xf32>) -> tensor<?x?x?xf32> {
  %one = onnx.constant dense<-2> : tensor<1xi64>
  %depth = onnx.constant dense<3> : tensor<i64>
  %values = onnx.constant dense<[1, 3]> : tensor<2xi64>
  %flat = onnx.constant dense<-1> : tensor<1xi64>
  %0 = onnx.one_hot %one, %depth, %values {axis = 1 : i64} : (tensor<1xi64>, tensor<i64>, tensor<2xi64>) -> tensor<1x3xi64>
  %1 = onnx.reshape %0, %flat : (tensor<1x3xi64>, tensor<1xi64>) -> tensor<3xi64>
  %2 = onnx.tile %x, %1 : (tensor<?x1x8xf32>, tensor<3xi64>) -> tensor<?x?x?xf32>
  return %2 : tensor<?x?x?xf32>
}
