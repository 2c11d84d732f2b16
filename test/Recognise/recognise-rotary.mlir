// RUN: moe-opt %s --recognise-rotary -split-input-file | FileCheck %s

// Angles twice side by side, cosine and sine scaled, unsqueezed on the axis of heads; queries and keys share them.
// CHECK-LABEL: @sliced(
// CHECK-SAME: %[[Q:.*]]: tensor<?x4x?x10xf32> {{.*}}, %[[K:.*]]: tensor<?x2x?x10xf32> {{.*}}, %[[F:.*]]: tensor<?x?x5xf32> {{.*}})
// CHECK: %[[SCALE:.*]] = onnx.constant
// CHECK: %[[C:.*]] = onnx.unary cos %[[F]] : (tensor<?x?x5xf32>) -> tensor<?x?x5xf32>
// CHECK-NEXT: %[[COS:.*]] = onnx.binary mul %[[C]], %[[SCALE]] : (tensor<?x?x5xf32>, tensor<f32>) -> tensor<?x?x5xf32>
// CHECK: %[[SIN:.*]] = onnx.unary sin %[[F]] : (tensor<?x?x5xf32>) -> tensor<?x?x5xf32>
// CHECK: %[[RQ:.*]] = onnx.rotary_embedding %[[Q]], %[[COS]], %[[SIN]] : (tensor<?x4x?x10xf32>, tensor<?x?x5xf32>, tensor<?x?x5xf32>) -> tensor<?x4x?x10xf32>
// CHECK-NEXT: %[[RK:.*]] = onnx.rotary_embedding %[[K]], %[[COS]], %[[SIN]]
// CHECK-NEXT: return %[[RQ]], %[[RK]]
func.func @sliced(%q: tensor<?x4x?x10xf32> {onnx.dim_names = ["b", "", "s", ""]},
                  %k: tensor<?x2x?x10xf32> {onnx.dim_names = ["b", "", "s", ""]},
                  %f: tensor<?x?x5xf32> {onnx.dim_names = ["b", "s", ""]})
    -> (tensor<?x4x?x10xf32>, tensor<?x2x?x10xf32>) {
  %scale = onnx.constant dense<1.5> : tensor<f32>
  %c0 = onnx.constant dense<0> : tensor<1xi64>
  %c1 = onnx.constant dense<1> : tensor<1xi64>
  %c3 = onnx.constant dense<3> : tensor<1xi64>
  %c5 = onnx.constant dense<5> : tensor<1xi64>
  %max = onnx.constant dense<9223372036854775807> : tensor<1xi64>
  %e = onnx.concat %f, %f {axis = 2 : i64} : (tensor<?x?x5xf32>, tensor<?x?x5xf32>) -> tensor<?x?x10xf32>
  %c = onnx.unary cos %e : (tensor<?x?x10xf32>) -> tensor<?x?x10xf32>
  %cs = onnx.binary mul %c, %scale : (tensor<?x?x10xf32>, tensor<f32>) -> tensor<?x?x10xf32>
  %cos = onnx.unsqueeze %cs, %c1 : (tensor<?x?x10xf32>, tensor<1xi64>) -> tensor<?x1x?x10xf32>
  %s = onnx.unary sin %e : (tensor<?x?x10xf32>) -> tensor<?x?x10xf32>
  %sin = onnx.unsqueeze %s, %c1 : (tensor<?x?x10xf32>, tensor<1xi64>) -> tensor<?x1x?x10xf32>
  %qa = onnx.binary mul %q, %cos : (tensor<?x4x?x10xf32>, tensor<?x1x?x10xf32>) -> tensor<?x4x?x10xf32>
  %ql = onnx.slice %q, %c0, %c5, %c3 : (tensor<?x4x?x10xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x4x?x5xf32>
  %qu = onnx.slice %q, %c5, %max, %c3 : (tensor<?x4x?x10xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x4x?x5xf32>
  %qn = onnx.unary neg %qu : (tensor<?x4x?x5xf32>) -> tensor<?x4x?x5xf32>
  %qr = onnx.concat %qn, %ql {axis = 3 : i64} : (tensor<?x4x?x5xf32>, tensor<?x4x?x5xf32>) -> tensor<?x4x?x10xf32>
  %qb = onnx.binary mul %qr, %sin : (tensor<?x4x?x10xf32>, tensor<?x1x?x10xf32>) -> tensor<?x4x?x10xf32>
  %rq = onnx.binary add %qa, %qb : (tensor<?x4x?x10xf32>, tensor<?x4x?x10xf32>) -> tensor<?x4x?x10xf32>
  %ka = onnx.binary mul %cos, %k : (tensor<?x1x?x10xf32>, tensor<?x2x?x10xf32>) -> tensor<?x2x?x10xf32>
  %kh:2 = onnx.split %k {axis = 3 : i64} : (tensor<?x2x?x10xf32>) -> (tensor<?x2x?x5xf32>, tensor<?x2x?x5xf32>)
  %kn = onnx.unary neg %kh#1 : (tensor<?x2x?x5xf32>) -> tensor<?x2x?x5xf32>
  %kr = onnx.concat %kn, %kh#0 {axis = 3 : i64} : (tensor<?x2x?x5xf32>, tensor<?x2x?x5xf32>) -> tensor<?x2x?x10xf32>
  %kb = onnx.binary mul %sin, %kr : (tensor<?x1x?x10xf32>, tensor<?x2x?x10xf32>) -> tensor<?x2x?x10xf32>
  %rk = onnx.binary add %kb, %ka : (tensor<?x2x?x10xf32>, tensor<?x2x?x10xf32>) -> tensor<?x2x?x10xf32>
  return %rq, %rk : tensor<?x4x?x10xf32>, tensor<?x2x?x10xf32>
}

// -----

// A table of one batch for all, computed in 32 bits and rounded, with the axis of heads from the start.
// CHECK-LABEL: @one_batch(
// CHECK: %[[C:.*]] = onnx.unary cos %arg1 : (tensor<1x1x?x4xf32>) -> tensor<1x1x?x4xf32>
// CHECK: %[[R:.*]] = onnx.cast %[[C]] : (tensor<1x1x?x4xf32>) -> tensor<1x1x?x4xf16>
// CHECK: %[[HEADS:.*]] = onnx.constant dense<1> : tensor<1xi64>
// CHECK: %[[COS:.*]] = onnx.squeeze %[[R]], %[[HEADS]] : (tensor<1x1x?x4xf16>, tensor<1xi64>) -> tensor<1x?x4xf16>
// CHECK: onnx.rotary_embedding %arg0, %[[COS]], %[[COS]] : (tensor<?x2x?x8xf16>, tensor<1x?x4xf16>, tensor<1x?x4xf16>) -> tensor<?x2x?x8xf16>
func.func @one_batch(%x: tensor<?x2x?x8xf16> {onnx.dim_names = ["b", "", "s", ""]},
                     %f: tensor<1x1x?x4xf32> {onnx.dim_names = ["", "", "s", ""]}) -> tensor<?x2x?x8xf16> {
  %c0 = onnx.constant dense<0> : tensor<1xi64>
  %c4 = onnx.constant dense<4> : tensor<1xi64>
  %c8 = onnx.constant dense<8> : tensor<1xi64>
  %last = onnx.constant dense<-1> : tensor<1xi64>
  %e = onnx.concat %f, %f {axis = 3 : i64} : (tensor<1x1x?x4xf32>, tensor<1x1x?x4xf32>) -> tensor<1x1x?x8xf32>
  %c = onnx.unary cos %e : (tensor<1x1x?x8xf32>) -> tensor<1x1x?x8xf32>
  %cos = onnx.cast %c : (tensor<1x1x?x8xf32>) -> tensor<1x1x?x8xf16>
  %l = onnx.slice %x, %c0, %c4, %last : (tensor<?x2x?x8xf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x2x?x4xf16>
  %u = onnx.slice %x, %c4, %c8, %last : (tensor<?x2x?x8xf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x2x?x4xf16>
  %n = onnx.unary neg %u : (tensor<?x2x?x4xf16>) -> tensor<?x2x?x4xf16>
  %r = onnx.concat %n, %l {axis = 3 : i64} : (tensor<?x2x?x4xf16>, tensor<?x2x?x4xf16>) -> tensor<?x2x?x8xf16>
  %a = onnx.binary mul %x, %cos : (tensor<?x2x?x8xf16>, tensor<1x1x?x8xf16>) -> tensor<?x2x?x8xf16>
  %b = onnx.binary mul %r, %cos : (tensor<?x2x?x8xf16>, tensor<1x1x?x8xf16>) -> tensor<?x2x?x8xf16>
  %y = onnx.binary add %a, %b : (tensor<?x2x?x8xf16>, tensor<?x2x?x8xf16>) -> tensor<?x2x?x8xf16>
  return %y : tensor<?x2x?x8xf16>
}

// -----

// Heads that are rotated in part: the rotated features are a tensor of their own.
// CHECK-LABEL: @partial(
// CHECK: %[[COS:.*]] = onnx.unsqueeze %{{.*}} : (tensor<3x2xf32>, tensor<1xi64>) -> tensor<1x3x2xf32>
// CHECK: %[[X:.*]] = onnx.slice %arg0
// CHECK: %[[Y:.*]] = onnx.rotary_embedding %[[X]], %[[COS]], %{{.*}} : (tensor<1x2x3x4xf32>, tensor<1x3x2xf32>, tensor<1x3x2xf32>)
// CHECK: onnx.concat %[[Y]],
func.func @partial(%x: tensor<1x2x3x6xf32>, %f: tensor<3x2xf32>) -> tensor<1x2x3x6xf32> {
  %c0 = onnx.constant dense<0> : tensor<1xi64>
  %c2 = onnx.constant dense<2> : tensor<1xi64>
  %c3 = onnx.constant dense<3> : tensor<1xi64>
  %c4 = onnx.constant dense<4> : tensor<1xi64>
  %c6 = onnx.constant dense<6> : tensor<1xi64>
  %e = onnx.concat %f, %f {axis = 1 : i64} : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
  %cos = onnx.unary cos %e : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %sin = onnx.unary sin %e : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %rot = onnx.slice %x, %c0, %c4, %c3 : (tensor<1x2x3x6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x4xf32>
  %pass = onnx.slice %x, %c4, %c6, %c3 : (tensor<1x2x3x6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %l = onnx.slice %rot, %c0, %c2, %c3 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %u = onnx.slice %rot, %c2, %c4, %c3 : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %n = onnx.unary neg %u : (tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %r = onnx.concat %n, %l {axis = 3 : i64} : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x4xf32>
  %a = onnx.binary mul %rot, %cos : (tensor<1x2x3x4xf32>, tensor<3x4xf32>) -> tensor<1x2x3x4xf32>
  %b = onnx.binary mul %r, %sin : (tensor<1x2x3x4xf32>, tensor<3x4xf32>) -> tensor<1x2x3x4xf32>
  %y = onnx.binary add %a, %b : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  %z = onnx.concat %y, %pass {axis = 3 : i64} : (tensor<1x2x3x4xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x6xf32>
  return %z : tensor<1x2x3x6xf32>
}

// -----

// Pairs of neighbours by slices of step 2; the table repeats each column by expand.
// CHECK-LABEL: @interleaved(
// CHECK-SAME: %[[X:.*]]: tensor<?x2x?x8xf32> {{.*}}, %[[F:.*]]: tensor<?x?x4xf32>
// CHECK: %[[COS:.*]] = onnx.unary cos %[[F]] : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
// CHECK: %[[SIN:.*]] = onnx.unary sin %[[F]]
// CHECK-NEXT: %[[Y:.*]] = onnx.rotary_embedding %[[X]], %[[COS]], %[[SIN]] {interleaved} : (tensor<?x2x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x2x?x8xf32>
// CHECK-NEXT: return %[[Y]]
func.func @interleaved(%x: tensor<?x2x?x8xf32> {onnx.dim_names = ["b", "", "s", ""]},
                       %f: tensor<?x?x4xf32> {onnx.dim_names = ["b", "s", ""]}) -> tensor<?x2x?x8xf32> {
  %c0 = onnx.constant dense<0> : tensor<1xi64>
  %c1 = onnx.constant dense<1> : tensor<1xi64>
  %c2 = onnx.constant dense<2> : tensor<1xi64>
  %c3 = onnx.constant dense<3> : tensor<1xi64>
  %c8 = onnx.constant dense<8> : tensor<1xi64>
  %last = onnx.constant dense<-1> : tensor<1xi64>
  %max = onnx.constant dense<9223372036854775807> : tensor<1xi64>
  %twice = onnx.constant dense<[1, 1, 1, 2]> : tensor<4xi64>
  %copy3 = onnx.constant dense<[0, 0, 8]> : tensor<3xi64>
  %f4 = onnx.unsqueeze %f, %last : (tensor<?x?x4xf32>, tensor<1xi64>) -> tensor<?x?x4x1xf32>
  %fe = onnx.expand %f4, %twice : (tensor<?x?x4x1xf32>, tensor<4xi64>) -> tensor<?x?x4x2xf32>
  %e = onnx.reshape %fe, %copy3 : (tensor<?x?x4x2xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  %c = onnx.unary cos %e : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %cos = onnx.unsqueeze %c, %c1 : (tensor<?x?x8xf32>, tensor<1xi64>) -> tensor<?x1x?x8xf32>
  %s = onnx.unary sin %e : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %sin = onnx.unsqueeze %s, %c1 : (tensor<?x?x8xf32>, tensor<1xi64>) -> tensor<?x1x?x8xf32>
  %even = onnx.slice %x, %c0, %max, %c3, %c2 : (tensor<?x2x?x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x2x?x4xf32>
  %odd = onnx.slice %x, %c1, %max, %c3, %c2 : (tensor<?x2x?x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x2x?x4xf32>
  %n = onnx.unary neg %odd : (tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %n5 = onnx.unsqueeze %n, %last : (tensor<?x2x?x4xf32>, tensor<1xi64>) -> tensor<?x2x?x4x1xf32>
  %e5 = onnx.unsqueeze %even, %last : (tensor<?x2x?x4xf32>, tensor<1xi64>) -> tensor<?x2x?x4x1xf32>
  %r5 = onnx.concat %n5, %e5 {axis = 4 : i64} : (tensor<?x2x?x4x1xf32>, tensor<?x2x?x4x1xf32>) -> tensor<?x2x?x4x2xf32>
  %copy4 = onnx.constant dense<[0, 0, 0, 8]> : tensor<4xi64>
  %r = onnx.reshape %r5, %copy4 : (tensor<?x2x?x4x2xf32>, tensor<4xi64>) -> tensor<?x2x?x8xf32>
  %a = onnx.binary mul %x, %cos : (tensor<?x2x?x8xf32>, tensor<?x1x?x8xf32>) -> tensor<?x2x?x8xf32>
  %b = onnx.binary mul %r, %sin : (tensor<?x2x?x8xf32>, tensor<?x1x?x8xf32>) -> tensor<?x2x?x8xf32>
  %y = onnx.binary add %a, %b : (tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>) -> tensor<?x2x?x8xf32>
  return %y : tensor<?x2x?x8xf32>
}

// -----

// Each half by itself, with tables of one column per pair.
// CHECK-LABEL: @products(
// CHECK-DAG: %[[COS:.*]] = onnx.squeeze %arg1, %{{.*}} -> tensor<1x3x2xf32>
// CHECK-DAG: %[[SIN:.*]] = onnx.squeeze %arg2, %{{.*}} -> tensor<1x3x2xf32>
// CHECK: onnx.rotary_embedding %arg0, %[[COS]], %[[SIN]] : (tensor<1x2x3x4xf32>,
func.func @products(%x: tensor<1x2x3x4xf32>, %cos: tensor<1x1x3x2xf32>, %sin: tensor<1x1x3x2xf32>) -> tensor<1x2x3x4xf32> {
  %h:2 = onnx.split %x {axis = 3 : i64} : (tensor<1x2x3x4xf32>) -> (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>)
  %a = onnx.binary mul %h#0, %cos : (tensor<1x2x3x2xf32>, tensor<1x1x3x2xf32>) -> tensor<1x2x3x2xf32>
  %b = onnx.binary mul %sin, %h#1 : (tensor<1x1x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %c = onnx.binary mul %h#1, %cos : (tensor<1x2x3x2xf32>, tensor<1x1x3x2xf32>) -> tensor<1x2x3x2xf32>
  %d = onnx.binary mul %h#0, %sin : (tensor<1x2x3x2xf32>, tensor<1x1x3x2xf32>) -> tensor<1x2x3x2xf32>
  %lower = onnx.binary sub %a, %b : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %upper = onnx.binary add %d, %c : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %y = onnx.concat %lower, %upper {axis = 3 : i64} : (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}
