// RUN: moe-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @nothing
// CHECK-NEXT: return %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}
func.func @nothing(%x: tensor<4x8xf32>, %d: tensor<?x8xf32>)
    -> (tensor<4x8xf32>, tensor<?x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<?x8xf32>) {
  %shape = onnx.constant dense<[4, 8]> : tensor<2xi64>
  %a = onnx.reshape %x, %shape : (tensor<4x8xf32>, tensor<2xi64>) -> tensor<4x8xf32>
  %b = onnx.cast %d : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %c = onnx.transpose %x {perm = array<i64: 0, 1>} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %e = onnx.expand %x, %shape : (tensor<4x8xf32>, tensor<2xi64>) -> tensor<4x8xf32>
  %f = onnx.concat %d {axis = 0 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a, %b, %c, %e, %f : tensor<4x8xf32>, tensor<?x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<?x8xf32>
}

// An equal type with ? does not mean an equal shape.
// CHECK-LABEL: @dynamic_reshape
// CHECK: onnx.reshape
func.func @dynamic_reshape(%x: tensor<?x?xf32>, %shape: tensor<2xi64>) -> tensor<?x?xf32> {
  %a = onnx.reshape %x, %shape : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %a : tensor<?x?xf32>
}

// CHECK-LABEL: @shape_arithmetic
// CHECK: onnx.constant dense<[2, 6, 7]> : tensor<3xi64>
// CHECK-NEXT: return
func.func @shape_arithmetic(%x: tensor<2x?x8xf32>) -> tensor<3xi64> {
  %zero = onnx.constant dense<0> : tensor<i64>
  %axes = onnx.constant dense<0> : tensor<1xi64>
  %three = onnx.constant dense<3> : tensor<1xi64>
  %seven = onnx.constant dense<7> : tensor<1xi64>
  %n = onnx.shape %x {end = 1 : i64} : (tensor<2x?x8xf32>) -> tensor<1xi64>
  %s = onnx.gather %n, %zero {axis = 0 : i64} : (tensor<1xi64>, tensor<i64>) -> tensor<i64>
  %u = onnx.unsqueeze %s, %axes : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
  %m = onnx.binary mul %u, %three : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %c = onnx.concat %u, %m, %seven {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  return %c : tensor<3xi64>
}

// Integer division truncates, mod takes the divisor's sign, fmod the dividend's.
// CHECK-LABEL: @division
// CHECK-DAG: onnx.constant dense<-3> : tensor<i64>
// CHECK-DAG: onnx.constant dense<1> : tensor<i64>
// CHECK-DAG: onnx.constant dense<-1> : tensor<i64>
func.func @division() -> (tensor<i64>, tensor<i64>, tensor<i64>) {
  %a = onnx.constant dense<-7> : tensor<i64>
  %b = onnx.constant dense<2> : tensor<i64>
  %q = onnx.binary div %a, %b : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %m = onnx.binary mod %a, %b : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %f = onnx.binary fmod %a, %b : (tensor<i64>, tensor<i64>) -> tensor<i64>
  return %q, %m, %f : tensor<i64>, tensor<i64>, tensor<i64>
}

// What traps or wraps around at run time stays.
// CHECK-LABEL: @not_folded
// CHECK: onnx.binary div
// CHECK: onnx.binary add
func.func @not_folded() -> (tensor<i64>, tensor<i8>) {
  %a = onnx.constant dense<-7> : tensor<i64>
  %zero = onnx.constant dense<0> : tensor<i64>
  %b = onnx.constant dense<100> : tensor<i8>
  %q = onnx.binary div %a, %zero : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %s = onnx.binary add %b, %b : (tensor<i8>, tensor<i8>) -> tensor<i8>
  return %q, %s : tensor<i64>, tensor<i8>
}

// CHECK-LABEL: @pieces
// CHECK-DAG: onnx.constant dense<{{\[\[}}4, 1], [5, 2], [6, 3]]> : tensor<3x2xi64>
// CHECK-DAG: onnx.constant dense<[5, 3, 1]> : tensor<3xi64>
// CHECK-DAG: onnx.constant dense<[1, 2]> : tensor<2xi64>
// CHECK-DAG: onnx.constant dense<3> : tensor<1xi64>
// CHECK-DAG: onnx.constant dense<true> : tensor<i1>
func.func @pieces() -> (tensor<3x2xi64>, tensor<3xi64>, tensor<2xi64>, tensor<1xi64>, tensor<i1>) {
  %m = onnx.constant dense<[[4, 5, 6], [1, 2, 3]]> : tensor<2x3xi64>
  %v = onnx.constant dense<[1, 2, 3, 4, 5]> : tensor<5xi64>
  %v3 = onnx.constant dense<[1, 2, 3]> : tensor<3xi64>
  %minus = onnx.constant dense<-1> : tensor<1xi64>
  %low = onnx.constant dense<-9223372036854775808> : tensor<1xi64>
  %zero = onnx.constant dense<0> : tensor<1xi64>
  %two = onnx.constant dense<-2> : tensor<1xi64>
  %a = onnx.constant dense<4> : tensor<i64>
  %t = onnx.transpose %m {perm = array<i64: 1, 0>} : (tensor<2x3xi64>) -> tensor<3x2xi64>
  %s = onnx.slice %v, %minus, %low, %zero, %two : (tensor<5xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  %p:2 = onnx.split %v3 {axis = 0 : i64} : (tensor<3xi64>) -> (tensor<2xi64>, tensor<1xi64>)
  %c = onnx.compare less_equal %a, %a : (tensor<i64>, tensor<i64>) -> tensor<i1>
  return %t, %s, %p#0, %p#1, %c : tensor<3x2xi64>, tensor<3xi64>, tensor<2xi64>, tensor<1xi64>, tensor<i1>
}

// CHECK-LABEL: @transposes
// CHECK-SAME: %[[X:.*]]: tensor<?x4x8xf32>
// CHECK-NEXT: onnx.transpose %[[X]] {perm = array<i64: 1, 0, 2>}
// CHECK-NEXT: return
func.func @transposes(%x: tensor<?x4x8xf32>) -> (tensor<4x?x8xf32>, tensor<?x4x8xf32>) {
  %a = onnx.transpose %x {perm = array<i64: 2, 0, 1>} : (tensor<?x4x8xf32>) -> tensor<8x?x4xf32>
  %b = onnx.transpose %a {perm = array<i64: 2, 1, 0>} : (tensor<8x?x4xf32>) -> tensor<4x?x8xf32>
  %c = onnx.transpose %b {perm = array<i64: 1, 0, 2>} : (tensor<4x?x8xf32>) -> tensor<?x4x8xf32>
  return %b, %c : tensor<4x?x8xf32>, tensor<?x4x8xf32>
}

// CHECK-LABEL: @reshapes
// CHECK-SAME: %[[X:.*]]: tensor<?x4x8xf32>
// CHECK: %[[FLAT:.*]] = onnx.reshape %[[X]], %{{.*}} -> tensor<?x32xf32>
// CHECK: onnx.reshape %[[X]], %{{.*}} -> tensor<?x16xf32>
// CHECK: onnx.reshape %[[FLAT]], %{{.*}} -> tensor<?x2x16xf32>
func.func @reshapes(%x: tensor<?x4x8xf32>) -> (tensor<?x16xf32>, tensor<?x2x16xf32>) {
  %flat = onnx.constant dense<[-1, 32]> : tensor<2xi64>
  %rows = onnx.constant dense<[-1, 16]> : tensor<2xi64>
  %copy = onnx.constant dense<[0, 2, 16]> : tensor<3xi64>
  %a = onnx.reshape %x, %flat : (tensor<?x4x8xf32>, tensor<2xi64>) -> tensor<?x32xf32>
  %b = onnx.reshape %a, %rows : (tensor<?x32xf32>, tensor<2xi64>) -> tensor<?x16xf32>
  %c = onnx.reshape %a, %copy : (tensor<?x32xf32>, tensor<3xi64>) -> tensor<?x2x16xf32>
  return %b, %c : tensor<?x16xf32>, tensor<?x2x16xf32>
}

// CHECK-LABEL: @no_reduction
// CHECK-NEXT: %[[NONE:.*]] = onnx.constant
// CHECK-NEXT: onnx.reduce sum_square
// CHECK-NEXT: return %arg0
func.func @no_reduction(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %none = onnx.constant dense<> : tensor<0xi64>
  %a = onnx.reduce sum %x, %none {noop_with_empty_axes} : (tensor<?x8xf32>, tensor<0xi64>) -> tensor<?x8xf32>
  %b = onnx.reduce sum_square %x, %none {noop_with_empty_axes} : (tensor<?x8xf32>, tensor<0xi64>) -> tensor<?x8xf32>
  return %a, %b : tensor<?x8xf32>, tensor<?x8xf32>
}

// To a wider type and back; a narrower one in between rounds.
// CHECK-LABEL: @casts
// CHECK-NEXT: %[[H:.*]] = onnx.cast %arg0 : (tensor<?xf32>) -> tensor<?xf16>
// CHECK-NEXT: %[[B:.*]] = onnx.cast %[[H]] : (tensor<?xf16>) -> tensor<?xf32>
// CHECK-NEXT: return %arg0, %[[B]], %arg1, %arg2
func.func @casts(%x: tensor<?xf32>, %i: tensor<?xi32>, %m: tensor<?xi1>)
    -> (tensor<?xf32>, tensor<?xf32>, tensor<?xi32>, tensor<?xi1>) {
  %d = onnx.cast %x : (tensor<?xf32>) -> tensor<?xf64>
  %a = onnx.cast %d : (tensor<?xf64>) -> tensor<?xf32>
  %h = onnx.cast %x : (tensor<?xf32>) -> tensor<?xf16>
  %b = onnx.cast %h : (tensor<?xf16>) -> tensor<?xf32>
  %l = onnx.cast %i : (tensor<?xi32>) -> tensor<?xi64>
  %c = onnx.cast %l : (tensor<?xi64>) -> tensor<?xi32>
  %f = onnx.cast %m : (tensor<?xi1>) -> tensor<?xf32>
  %e = onnx.cast %f : (tensor<?xf32>) -> tensor<?xi1>
  return %a, %b, %c, %e : tensor<?xf32>, tensor<?xf32>, tensor<?xi32>, tensor<?xi1>
}
