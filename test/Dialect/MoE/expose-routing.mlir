// RUN: moe-opt %s --moe-expose-routing | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-SAME:    -> (tensor<?x4xf32> {rt.name = "y"}, tensor<4xi32> {rt.name = "routing.0"}, tensor<3xi32> {rt.name = "routing.1"})
// CHECK:         %[[ROWS:.*]], %[[FIRST:.*]], %{{.*}} = moe.dispatch
// CHECK:         %{{.*}}, %[[SECOND:.*]], %{{.*}} = moe.dispatch
// CHECK:         return %[[ROWS]], %[[FIRST]], %[[SECOND]]
func.func @main(%x: tensor<?x4xf32>, %ids: tensor<?x2xi32>) -> (tensor<?x4xf32> {rt.name = "y"})
    attributes {rt.entry} {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 3 : i64}
      : tensor<?x4xf32>, tensor<?x2xi32> -> tensor<?x4xf32>, tensor<4xi32>, tensor<?x2xi32>
  %r, %o, %p = moe.dispatch %x to %ids {experts = 2 : i64}
      : tensor<?x4xf32>, tensor<?x2xi32> -> tensor<?x4xf32>, tensor<3xi32>, tensor<?x2xi32>
  return %rows : tensor<?x4xf32>
}

// Not an entry.
// CHECK-LABEL: func.func @other
// CHECK-SAME:    -> tensor<?x4xf32> {
func.func @other(%x: tensor<?x4xf32>, %ids: tensor<?x2xi32>) -> tensor<?x4xf32> {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 3 : i64}
      : tensor<?x4xf32>, tensor<?x2xi32> -> tensor<?x4xf32>, tensor<4xi32>, tensor<?x2xi32>
  return %rows : tensor<?x4xf32>
}
