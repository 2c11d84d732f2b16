// RUN: moe-opt %s --separate-fills | FileCheck %s

// Each reduction starts from a fill of its own, right before it.
// CHECK-LABEL: func.func @sums
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x8xf32>, %[[Y:[a-z0-9]+]]: tensor<?x8xf32>, %[[N:.*]]: index
// CHECK: %[[E0:.*]] = tensor.empty(%[[N]])
// CHECK: %[[F0:.*]] = linalg.fill {{.*}} outs(%[[E0]]
// CHECK: linalg.reduce {{.*}} ins(%[[X]] {{.*}} outs(%[[F0]]
// CHECK: %[[E1:.*]] = tensor.empty(%[[N]])
// CHECK: %[[F1:.*]] = linalg.fill {{.*}} outs(%[[E1]]
// CHECK: linalg.reduce {{.*}} ins(%[[Y]] {{.*}} outs(%[[F1]]
// CHECK-NOT: linalg.fill
func.func @sums(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>, %n: index) -> (tensor<?xf32>, tensor<?xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %a = linalg.reduce { arith.addf } ins(%x : tensor<?x8xf32>) outs(%f : tensor<?xf32>) dimensions = [1]
  %b = linalg.reduce { arith.addf } ins(%y : tensor<?x8xf32>) outs(%f : tensor<?xf32>) dimensions = [1]
  return %a, %b : tensor<?xf32>, tensor<?xf32>
}

// What only reads a fill shares it; a fill of memory that something else fills, too, keeps that.
// CHECK-LABEL: func.func @reads
// CHECK-SAME: %[[OUT:[a-z0-9]+]]: tensor<4xf32>
// CHECK: %[[F:.*]] = linalg.fill {{.*}} outs(%[[OUT]]
// CHECK: tensor.extract %[[F]]
// CHECK: return %[[F]]
// CHECK-NOT: linalg.fill
func.func @reads(%out: tensor<4xf32>, %i: index) -> (tensor<4xf32>, f32) {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%out : tensor<4xf32>) -> tensor<4xf32>
  %v = tensor.extract %f[%i] : tensor<4xf32>
  return %f, %v : tensor<4xf32>, f32
}
