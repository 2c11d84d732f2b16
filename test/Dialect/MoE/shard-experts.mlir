// Experts on ranks: exchanges around what is computed for the rows of experts.
// RUN: moe-opt --moe-shard-experts="ep=2 dp=3" %s | FileCheck %s
// RUN: moe-opt --moe-shard-experts="ep=7" %s | FileCheck %s --check-prefix=MANY
// RUN: moe-opt --moe-shard-experts %s | FileCheck %s --check-prefix=ONE
// RUN: not moe-opt --moe-shard-experts="ep=0" %s 2>&1 | FileCheck %s --check-prefix=NONE

// CHECK: shard.grid @ranks_0(shape = 3x2)
// ONE: shard.grid @ranks_0(shape = 1x1)
// ONE-NOT: moe.exchange
// NONE: moe-shard-experts expects 1 to 1048576 ranks, got ep=0, tp=1 and dp=1
// RUN: not moe-opt --moe-shard-experts="ep=9223372036854775807 dp=2" %s 2>&1 | FileCheck %s --check-prefix=HUGE
// HUGE: moe-shard-experts expects 1 to 1048576 ranks, got ep=9223372036854775807, tp=1 and dp=2

// A name that the module has already.
func.func private @ranks()

// CHECK-LABEL: @expert
// CHECK: %[[ROWS:.*]], %[[OFFSETS:.*]], %[[POSITIONS:.*]] = moe.dispatch
// CHECK-NEXT: %[[MINE:.*]], %[[AT:.*]], %[[SOURCES:.*]] = moe.exchange %[[ROWS]], %[[OFFSETS]] on @ranks_0 axes [1] owners [0, 0, 0, 1, 1] : tensor<?x8xf32>, tensor<6xi32> -> tensor<?x8xf32>, tensor<6xi32>, tensor<11xi32>
// CHECK-NEXT: %[[Y:.*]] = moe.expert %[[MINE]], %[[AT]], %{{.*}}, %{{.*}}
// CHECK-NEXT: %[[BACK:.*]] = moe.exchange_back %[[Y]], %[[SOURCES]] to %[[OFFSETS]] on @ranks_0 axes [1] owners [0, 0, 0, 1, 1] : tensor<?x8xf32>, tensor<11xi32>, tensor<6xi32> -> tensor<?x8xf32>
// CHECK-NEXT: moe.combine %[[BACK]] at %[[POSITIONS]]
// What others read of the dispatch is of the tokens here.
// CHECK-NEXT: return %{{.*}}, %[[OFFSETS]]
// Fewer experts than ranks.
// MANY-LABEL: @expert
// MANY: moe.exchange {{.*}} owners [0, 1, 2, 3, 4] {{.*}} tensor<36xi32>
func.func @expert(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %by: tensor<?x2xf32>, %w1: tensor<5x6x8xf32>, %w2: tensor<5x8x6xf32>)
    -> (tensor<?x8xf32>, tensor<6xi32>) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<6xi32>, tensor<?x2xi32>
  %y = moe.expert %rows, %offsets, %w1, %w2 {activation = #moe.activation<silu>} : tensor<?x8xf32>, tensor<6xi32>, tensor<5x6x8xf32>, tensor<5x8x6xf32> -> tensor<?x8xf32>
  %out = moe.combine %y at %positions by %by : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x8xf32>
  return %out, %offsets : tensor<?x8xf32>, tensor<6xi32>
}

// Products and element-wise ops; both operands of the latter come from the rows, in either order of visits.
// Experts that are left over go to other members in each layer: on 7 ranks those after the 5 of the first layer.
// MANY-LABEL: @written_out
// MANY: moe.exchange {{.*}} owners [0, 1, 5, 6]
// CHECK-LABEL: @written_out
// CHECK: %[[ROWS:.*]], %[[OFFSETS:.*]], %[[POSITIONS:.*]] = moe.dispatch
// CHECK-NEXT: %[[MINE:.*]], %[[AT:.*]], %[[SOURCES:.*]] = moe.exchange
// CHECK-NEXT: %[[G:.*]] = moe.grouped_matmul %[[MINE]], %[[AT]]
// CHECK-NEXT: %[[U:.*]] = moe.grouped_matmul %[[MINE]], %[[AT]]
// CHECK-NEXT: %[[T:.*]] = math.tanh %[[G]]
// CHECK-NEXT: %[[H:.*]] = arith.mulf %[[T]], %[[U]]
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[H]], %[[MINE]]
// CHECK-NEXT: %[[BACK:.*]] = moe.exchange_back %[[SUM]], %[[SOURCES]] to %[[OFFSETS]]
// CHECK-NEXT: moe.combine %[[BACK]] at %[[POSITIONS]]
// CHECK-NEXT: moe.combine %[[BACK]] at %[[POSITIONS]]
func.func @written_out(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %by: tensor<?x2xf32>, %wg: tensor<4x8x8xf32>, %wu: tensor<4x8x8xf32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 4} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<5xi32>, tensor<?x2xi32>
  %g = moe.grouped_matmul %rows, %offsets, %wg : tensor<?x8xf32>, tensor<5xi32>, tensor<4x8x8xf32> -> tensor<?x8xf32>
  %u = moe.grouped_matmul %rows, %offsets, %wu : tensor<?x8xf32>, tensor<5xi32>, tensor<4x8x8xf32> -> tensor<?x8xf32>
  %t = math.tanh %g : tensor<?x8xf32>
  %h = arith.mulf %t, %u : tensor<?x8xf32>
  %sum = arith.addf %h, %rows : tensor<?x8xf32>
  %a = moe.combine %sum at %positions by %by : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x8xf32>
  %b = moe.combine %sum at %positions by %by {order = #moe.order<expert_ascending>} : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x8xf32>
  return %a, %b : tensor<?x8xf32>, tensor<?x8xf32>
}

// A constant is the same on every rank.
// CHECK-LABEL: @constant
// CHECK: %[[MINE:.*]], %{{.*}}, %[[SOURCES:.*]] = moe.exchange
// CHECK-NEXT: %[[Y:.*]] = arith.select %{{.*}}, %[[MINE]], %[[MINE]]
// CHECK-NEXT: moe.exchange_back %[[Y]], %[[SOURCES]]
func.func @constant(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %by: tensor<?x2xf32>) -> tensor<?x8xf32> {
  %true = arith.constant true
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<6xi32>, tensor<?x2xi32>
  %y = arith.select %true, %rows, %rows : tensor<?x8xf32>
  %out = moe.combine %y at %positions by %by : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x8xf32>
  return %out : tensor<?x8xf32>
}

// Nothing is computed for the rows of an expert: they stay.
// CHECK-LABEL: @identity
// CHECK-NOT: moe.exchange
func.func @identity(%x: tensor<2x8xf32>, %ids: tensor<2x2xi32>, %by: tensor<2x2xf32>) -> tensor<2x8xf32> {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<2x8xf32>, tensor<2x2xi32> -> tensor<4x8xf32>, tensor<6xi32>, tensor<2x2xi32>
  %out = moe.combine %rows at %positions by %by : tensor<4x8xf32>, tensor<2x2xi32>, tensor<2x2xf32> -> tensor<2x8xf32>
  return %out : tensor<2x8xf32>
}

// The halves of an expert.
// CHECK-LABEL: @halves
// CHECK: %[[MINE:.*]], %[[AT:.*]], %{{.*}} = moe.exchange
// CHECK-NEXT: %[[H:.*]] = moe.expert_hidden %[[MINE]], %[[AT]]
// CHECK-NEXT: %[[Y:.*]] = moe.grouped_matmul %[[H]], %[[AT]]
// CHECK-NEXT: %[[BACK:.*]] = moe.exchange_back %[[Y]]
// CHECK-NEXT: moe.combine %[[BACK]]
func.func @halves(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %by: tensor<?x2xf32>, %w1: tensor<4x6x8xf32>, %w2: tensor<4x8x6xf32>) -> tensor<?x8xf32> {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 4} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<5xi32>, tensor<?x2xi32>
  %h = moe.expert_hidden %rows, %offsets, %w1 {activation = #moe.activation<silu>} : tensor<?x8xf32>, tensor<5xi32>, tensor<4x6x8xf32> -> tensor<?x6xf32>
  %y = moe.grouped_matmul %h, %offsets, %w2 : tensor<?x6xf32>, tensor<5xi32>, tensor<4x8x6xf32> -> tensor<?x8xf32>
  %out = moe.combine %y at %positions by %by : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x8xf32>
  return %out : tensor<?x8xf32>
}
