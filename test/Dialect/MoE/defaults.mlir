// RUN: moe-opt %s | FileCheck %s

// What is written out although it is the default is the same op.
// CHECK-LABEL: @defaults(
// CHECK: moe.route %{{.*}} {groups = #moe.groups<n = 4, keep = 2>, k = 2 : i64} :
// CHECK: moe.assign %{{.*}} {capacity = #moe.capacity<kind = factor, factor = 1.250000e+00>, experts = 8 : i64, priority = #moe.priority<token_major>} :
// CHECK: moe.grouped_matmul %{{.*}}, %{{.*}}, %{{.*}} : tensor
func.func @defaults(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>, %o: tensor<9xi32>, %w: tensor<8x6x4xf32>) {
  %ids, %c = moe.route %z {k = 2, select = #moe.select<token_topk>, groups = #moe.groups<n = 4, keep = 2, reduce = max, fill = neg_inf>}
    : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %slots, %counts = moe.assign %ids {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25>,
                                     priority = #moe.priority<token_major>, overflow = #moe.overflow<drop>}
    : tensor<?x2xi32> -> tensor<?x2xi32>, tensor<8xi32>
  %y = moe.grouped_matmul %x, %o, %w {layout = #moe.layout<out_in>} : tensor<?x4xf32>, tensor<9xi32>, tensor<8x6x4xf32> -> tensor<?x6xf32>
  return
}
