// Columns of experts on ranks: each product has exchanges of its own, and gives a part of its columns on each rank.
// RUN: moe-opt --moe-shard-experts="ep=2 tp=2 dp=3" %s | FileCheck %s
// RUN: moe-opt --moe-shard-experts="tp=4" %s | FileCheck %s --check-prefix=FOUR
// RUN: moe-opt --moe-shard-experts="ep=2 tp=2" --moe-plan-windows=rows=64 --moe-overlap-exchange %s | FileCheck %s --check-prefix=ROUNDS
// RUN: not moe-opt --moe-shard-experts="ep=2 tp=0" %s 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: moe-shard-experts expects 1 to 1048576 ranks, got ep=2, tp=0 and dp=1
// RUN: not moe-opt --moe-shard-experts="ep=1024 tp=1024 dp=2" %s 2>&1 | FileCheck %s --check-prefix=MANY
// MANY: moe-shard-experts expects 1 to 1048576 ranks, got ep=1024, tp=1024 and dp=2

// CHECK: shard.grid @ranks(shape = 3x2x2)
// FOUR: shard.grid @ranks(shape = 1x1x4)

// An expert becomes its two products; parts of an expert are on neighbours.
// CHECK-LABEL: @expert
// CHECK: %[[ROWS:.*]], %[[OFFSETS:.*]], %[[POSITIONS:.*]] = moe.dispatch
// CHECK-NEXT: %[[MINE:.*]], %[[AT:.*]], %[[SOURCES:.*]] = moe.exchange %[[ROWS]], %[[OFFSETS]] on @ranks axes [1, 2] owners [0, 1, 0, 1, 2, 3] {parts = 2 : i64} : tensor<?x8xf32>, tensor<4xi32> -> tensor<?x8xf32>, tensor<7xi32>, tensor<25xi32>
// CHECK-NEXT: %[[H:.*]] = moe.expert_hidden %[[MINE]], %[[AT]], %{{.*}} b1(%{{.*}} : tensor<3x12xf32>) up(%{{.*}} : tensor<3x12x8xf32>) up_bias(%{{.*}} : tensor<3x12xf32>)
// CHECK-SAME: {activation = #moe.activation<silu>, alpha = 1.702000e+00 : f64, gate = #moe.gate<separate>, gate_max = 7.000000e+00 : f64, parts = 2 : i64, up_abs = 7.000000e+00 : f64, up_offset = 1.000000e+00 : f64} : tensor<?x8xf32>, tensor<7xi32>, tensor<3x12x8xf32> -> tensor<?x6xf32>
// CHECK-NEXT: %[[WHOLE:.*]] = moe.exchange_back %[[H]], %[[SOURCES]] to %[[OFFSETS]] on @ranks axes [1, 2] owners [0, 1, 0, 1, 2, 3] {parts = 2 : i64} : tensor<?x6xf32>, tensor<25xi32>, tensor<4xi32> -> tensor<?x12xf32>
// CHECK-NEXT: %[[MINE:.*]], %[[AT:.*]], %[[SOURCES:.*]] = moe.exchange %[[WHOLE]], %[[OFFSETS]] on
// CHECK-NEXT: %[[Y:.*]] = moe.grouped_matmul %[[MINE]], %[[AT]], %{{.*}} bias(%{{.*}} : tensor<3x8xf32>) {layout = #moe.layout<in_out>, parts = 2 : i64} : tensor<?x12xf32>, tensor<7xi32>, tensor<3x12x8xf32> -> tensor<?x4xf32>
// CHECK-NEXT: %[[BACK:.*]] = moe.exchange_back %[[Y]], %[[SOURCES]] to %[[OFFSETS]] {{.*}} -> tensor<?x8xf32>
// CHECK-NEXT: moe.combine %[[BACK]] at %[[POSITIONS]]
// FOUR-LABEL: @expert
// FOUR: moe.exchange {{.*}} owners [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3] {parts = 4 : i64}
// FOUR: moe.expert_hidden {{.*}} -> tensor<?x3xf32>

// In rounds a part makes its share of the products of a row: 2 * 8 * 12 / 2 multiplications and additions, then 8 * 12 / 2.
// ROUNDS-LABEL: @expert
// ROUNDS: %[[WHOLE:.*]] = moe.expert_parallel %{{.*}}, %{{.*}} on @ranks axes [1, 2] owners [0, 1, 0, 1, 2, 3] window 64 {parts = 2 : i64, row_flops = 192 : i64} : tensor<?x8xf32>, tensor<4xi32> -> tensor<?x12xf32> {
// ROUNDS-NEXT: ^bb0(%[[MINE:.*]]: tensor<?x8xf32>, %[[AT:.*]]: tensor<7xi32>):
// ROUNDS-NEXT: %[[H:.*]] = moe.expert_hidden %[[MINE]], %[[AT]]
// ROUNDS-NEXT: moe.yield %[[H]] : tensor<?x6xf32>
// ROUNDS: moe.expert_parallel %[[WHOLE]], {{.*}} {parts = 2 : i64, row_flops = 96 : i64}
func.func @expert(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %by: tensor<?x2xf32>, %w1: tensor<3x12x8xf32>, %w2: tensor<3x12x8xf32>,
                  %b1: tensor<3x12xf32>, %b2: tensor<3x8xf32>) -> tensor<?x8xf32> {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 3} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<4xi32>, tensor<?x2xi32>
  %y = moe.expert %rows, %offsets, %w1, %w2 b1(%b1 : tensor<3x12xf32>) b2(%b2 : tensor<3x8xf32>) up(%w1 : tensor<3x12x8xf32>) up_bias(%b1 : tensor<3x12xf32>)
    {activation = #moe.activation<silu>, alpha = 1.702 : f64, gate = #moe.gate<separate>, gate_max = 7.0 : f64, layout2 = #moe.layout<in_out>, up_abs = 7.0 : f64, up_offset = 1.0 : f64}
    : tensor<?x8xf32>, tensor<4xi32>, tensor<3x12x8xf32>, tensor<3x12x8xf32> -> tensor<?x8xf32>
  %out = moe.combine %y at %positions by %by : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x8xf32>
  return %out : tensor<?x8xf32>
}

// What is computed of each row between products stays where the rows came from, and may read whatever is there.
// CHECK-LABEL: @written_out
// CHECK: moe.grouped_matmul {{.*}} -> tensor<?x2xf32>
// CHECK: %[[G:.*]] = moe.exchange_back
// CHECK: %[[H:.*]] = arith.mulf %[[G]], %{{.*}} : tensor<?x4xf32>
// CHECK: moe.exchange %[[H]]
// CHECK: moe.grouped_matmul {{.*}} -> tensor<?x4xf32>
// CHECK: %[[Y:.*]] = moe.exchange_back
// CHECK: moe.combine %[[Y]]
func.func @written_out(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %by: tensor<?x2xf32>, %other: tensor<?x4xf32>, %w: tensor<4x4x8xf32>, %w2: tensor<4x8x4xf32>) -> tensor<?x8xf32> {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 4} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<5xi32>, tensor<?x2xi32>
  %g = moe.grouped_matmul %rows, %offsets, %w : tensor<?x8xf32>, tensor<5xi32>, tensor<4x4x8xf32> -> tensor<?x4xf32>
  %h = arith.mulf %g, %other : tensor<?x4xf32>
  %y = moe.grouped_matmul %h, %offsets, %w2 : tensor<?x4xf32>, tensor<5xi32>, tensor<4x8x4xf32> -> tensor<?x8xf32>
  %out = moe.combine %y at %positions by %by : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x8xf32>
  return %out : tensor<?x8xf32>
}
