// RUN: moe-opt %s --rt-bind-state="pairs=past_*=present_*" | FileCheck %s
// RUN: moe-opt %s --rt-bind-state="pairs=auto max=past=64" | FileCheck %s --check-prefix=AUTO
// RUN: moe-opt %s --rt-bind-state | FileCheck %s --check-prefix=NOTHING

// Inputs and outputs leave the signature; the size of the batch is that of another input; both
// states must have as many rows. Another use of an input reads the rows before this run.

// CHECK: rt.state @past_k : tensor<?x2x?x4xf32> {axis = 2 : i64, capacity = 4096 : i64, dimNames = ["batch", "", "past", ""]}
// CHECK: rt.state @past_v : tensor<?x2x?x4xf32>
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: tensor<?x2x?x4xf32> {rt.dim_names = ["batch", "", "rows", ""], rt.name = "x"})
// CHECK-SAME: -> (tensor<?x2x?x4xf32> {rt.name = "y"}, tensor<4xi64> {rt.name = "shape"}) attributes {rt.entry}
// CHECK: %[[K:.*]] = rt.state_handle @past_k : !rt.state<tensor<?x2x?x4xf32>, axis = 2>
// CHECK: %[[LENGTH:.*]] = rt.state_length %[[K]]
// CHECK: %[[V:.*]] = rt.state_handle @past_v
// CHECK: %[[OTHER:.*]] = rt.state_length %[[V]]
// CHECK: %[[EQUAL:.*]] = arith.cmpi eq, %[[OTHER]], %[[LENGTH]]
// CHECK: rt.check %[[EQUAL]], invalid_argument, "state 'past_v' and the states before it must have equal sizes in dimension 'past'"
// CHECK: %[[PAST:.*]] = rt.past %[[V]][%[[LENGTH]]](%{{.*}})
// CHECK: %[[SHAPE:.*]] = onnx.shape %[[PAST]]
// CHECK: %[[KEYS:.*]] = rt.append %[[X]] to %[[K]][%[[LENGTH]]](%{{.*}})
// CHECK: rt.append %[[X]] to %[[V]][%[[LENGTH]]](%{{.*}})
// CHECK: %[[Y:.*]] = onnx.unary neg %[[KEYS]]
// CHECK: return %[[Y]], %[[SHAPE]] : tensor<?x2x?x4xf32>, tensor<4xi64>

// AUTO-COUNT-2: rt.state @past_{{.}} : tensor<?x2x?x4xf32> {axis = 2 : i64, capacity = 64 : i64
// AUTO-NOT: onnx.concat

// NOTHING: func.func @main({{.*}}"past_k"{{.*}}"past_v"
// NOTHING-NOT: rt.state

func.func @main(%x: tensor<?x2x?x4xf32> {rt.name = "x", rt.dim_names = ["batch", "", "rows", ""]},
                %past_k: tensor<?x2x?x4xf32> {rt.name = "past_k", rt.dim_names = ["batch", "", "past", ""]},
                %past_v: tensor<?x2x?x4xf32> {rt.name = "past_v", rt.dim_names = ["batch", "", "past", ""]})
    -> (tensor<?x2x?x4xf32> {rt.name = "present_v"}, tensor<?x2x?x4xf32> {rt.name = "y"},
        tensor<?x2x?x4xf32> {rt.name = "present_k"}, tensor<4xi64> {rt.name = "shape"}) attributes {rt.entry} {
  %shape = onnx.shape %past_v : (tensor<?x2x?x4xf32>) -> tensor<4xi64>
  %k = onnx.concat %past_k, %x {axis = 2 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %v = onnx.concat %past_v, %x {axis = 2 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %y = onnx.unary neg %k : (tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %v, %y, %k, %shape
      : tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<4xi64>
}
