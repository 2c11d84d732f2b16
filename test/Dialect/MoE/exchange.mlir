// Exchanges: text form, and that both may go only together with their uses.
// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-opt --mlir-print-op-generic %s | moe-opt | FileCheck %s
// RUN: moe-opt --canonicalize %s | FileCheck %s --check-prefix=UNUSED

// CHECK: shard.grid @ranks(shape = 2x3)
shard.grid @ranks(shape = 2x3)

// CHECK-LABEL: @there_and_back
// CHECK: %[[RECEIVED:.*]], %[[AT:.*]], %[[SOURCES:.*]] = moe.exchange %{{.*}}, %{{.*}} on @ranks axes [1] owners [0, 0, 1, 2] : tensor<?x8xbf16>, tensor<5xi32> -> tensor<?x8xbf16>, tensor<5xi32>, tensor<13xi32>
// CHECK: moe.exchange_back %{{.*}}, %[[SOURCES]] to %{{.*}} on @ranks axes [1] owners [0, 0, 1, 2] : tensor<?x4xf32>, tensor<13xi32>, tensor<5xi32> -> tensor<?x4xf32>
func.func @there_and_back(%rows: tensor<?x8xbf16>, %offsets: tensor<5xi32>, %w: tensor<4x4x8xbf16>) -> tensor<?x4xf32> {
  %mine, %at, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 0, 1, 2]
    : tensor<?x8xbf16>, tensor<5xi32> -> tensor<?x8xbf16>, tensor<5xi32>, tensor<13xi32>
  %y = moe.grouped_matmul %mine, %at, %w : tensor<?x8xbf16>, tensor<5xi32>, tensor<4x4x8xbf16> -> tensor<?x4xbf16>
  %wide = arith.extf %y : tensor<?x4xbf16> to tensor<?x4xf32>
  %back = moe.exchange_back %wide, %sources to %offsets on @ranks axes [1] owners [0, 0, 1, 2]
    : tensor<?x4xf32>, tensor<13xi32>, tensor<5xi32> -> tensor<?x4xf32>
  return %back : tensor<?x4xf32>
}

// Groups along several axes, and offsets of any number.
// CHECK-LABEL: @all_ranks
// CHECK: moe.exchange %{{.*}} on @ranks axes [0, 1] owners [5, 0] : tensor<?x?xf16>, tensor<?xi32> -> tensor<?x?xf16>, tensor<3xi32>, tensor<?xi32>
// UNUSED-LABEL: @all_ranks
// UNUSED-NEXT: return
func.func @all_ranks(%rows: tensor<?x?xf16>, %offsets: tensor<?xi32>) {
  %mine, %at, %sources = moe.exchange %rows, %offsets on @ranks axes [0, 1] owners [5, 0]
    : tensor<?x?xf16>, tensor<?xi32> -> tensor<?x?xf16>, tensor<3xi32>, tensor<?xi32>
  return
}
