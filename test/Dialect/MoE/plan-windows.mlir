// RUN: moe-opt --moe-plan-windows=rows=512 %s | FileCheck %s
// RUN: moe-opt --moe-plan-windows %s | FileCheck %s --check-prefix=BYTES
// RUN: moe-opt --moe-plan-windows=bytes=100 %s | FileCheck %s --check-prefix=ONE

// 16 MiB of rows of 256, 256 and 64 bytes; a window has a row at least.
// BYTES-COUNT-2: window 65536
// BYTES: window 262144
// ONE-COUNT-2: window 1
// ONE: window 1

shard.grid @ranks(shape = 1x2)

// What is computed on the ranks of the experts moves in, weights stay outside, and so does what reads nothing of it.
// CHECK-LABEL: @layer
// CHECK: %[[ROWS:.*]], %[[OFFSETS:.*]], %{{.*}} = moe.dispatch
// CHECK: %[[SHARED:.*]] = arith.mulf
// CHECK: %[[Y:.*]] = moe.expert_parallel %[[ROWS]], %[[OFFSETS]] on @ranks axes [1] owners [0, 0, 1, 1] window 512
// CHECK-SAME: tensor<?x64xf32>, tensor<5xi32> -> tensor<?x64xf32> {
// CHECK: ^bb0(%[[MINE:.*]]: tensor<?x64xf32>, %[[RANGES:.*]]: tensor<5xi32>):
// CHECK-NEXT: %[[Z:.*]] = moe.expert %[[MINE]], %[[RANGES]], %{{.*}}, %{{.*}}
// CHECK-NEXT: %[[TWICE:.*]] = arith.addf %[[Z]], %[[Z]]
// CHECK-NEXT: moe.yield %[[TWICE]] : tensor<?x64xf32>
// CHECK: }
// CHECK: moe.combine %[[Y]]
func.func @layer(%x: tensor<?x64xf32>, %ids: tensor<?x2xi32>, %w: tensor<?x2xf32>, %w1: tensor<4x32x64xf32>, %w2: tensor<4x64x32xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 4} : tensor<?x64xf32>, tensor<?x2xi32> -> tensor<?x64xf32>, tensor<5xi32>, tensor<?x2xi32>
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 0, 1, 1] : tensor<?x64xf32>, tensor<5xi32> -> tensor<?x64xf32>, tensor<5xi32>, tensor<9xi32>
  %z = moe.expert %mine, %ranges, %w1, %w2 {activation = #moe.activation<relu>} : tensor<?x64xf32>, tensor<5xi32>, tensor<4x32x64xf32>, tensor<4x64x32xf32> -> tensor<?x64xf32>
  %shared = arith.mulf %x, %x : tensor<?x64xf32>
  %twice = arith.addf %z, %z : tensor<?x64xf32>
  %y = moe.exchange_back %twice, %sources to %offsets on @ranks axes [1] owners [0, 0, 1, 1] : tensor<?x64xf32>, tensor<9xi32>, tensor<5xi32> -> tensor<?x64xf32>
  %out = moe.combine %y at %positions by %w : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x64xf32>
  return %out, %shared : tensor<?x64xf32>, tensor<?x64xf32>
}

// Two ways back, the first of which is read before the second.
// CHECK-LABEL: @two
// CHECK: %[[Y:.*]]:2 = moe.expert_parallel
// CHECK: moe.yield %{{.*}}, %{{.*}} : tensor<?x32xf32>, tensor<?x64xf32>
// CHECK-DAG: moe.combine %[[Y]]#0
// CHECK-DAG: moe.combine %[[Y]]#1
func.func @two(%x: tensor<?x64xf32>, %ids: tensor<?x2xi32>, %w: tensor<?x2xf32>, %w1: tensor<4x32x64xf32>, %w2: tensor<4x64x32xf32>) -> (tensor<?x32xf32>, tensor<?x64xf32>) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 4} : tensor<?x64xf32>, tensor<?x2xi32> -> tensor<?x64xf32>, tensor<5xi32>, tensor<?x2xi32>
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 0, 1, 1] : tensor<?x64xf32>, tensor<5xi32> -> tensor<?x64xf32>, tensor<5xi32>, tensor<9xi32>
  %h = moe.grouped_matmul %mine, %ranges, %w1 : tensor<?x64xf32>, tensor<5xi32>, tensor<4x32x64xf32> -> tensor<?x32xf32>
  %inner = moe.exchange_back %h, %sources to %offsets on @ranks axes [1] owners [0, 0, 1, 1] : tensor<?x32xf32>, tensor<9xi32>, tensor<5xi32> -> tensor<?x32xf32>
  %first = moe.combine %inner at %positions by %w : tensor<?x32xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x32xf32>
  %z = moe.grouped_matmul %h, %ranges, %w2 : tensor<?x32xf32>, tensor<5xi32>, tensor<4x64x32xf32> -> tensor<?x64xf32>
  %y = moe.exchange_back %z, %sources to %offsets on @ranks axes [1] owners [0, 0, 1, 1] : tensor<?x64xf32>, tensor<9xi32>, tensor<5xi32> -> tensor<?x64xf32>
  %second = moe.combine %y at %positions by %w : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x64xf32>
  return %first, %second : tensor<?x32xf32>, tensor<?x64xf32>
}

// An exchange of nothing that comes back is none.
// CHECK-LABEL: @unread
// CHECK-NOT: moe.exchange
// CHECK-NOT: moe.expert_parallel
func.func @unread(%rows: tensor<?x64xf32>, %offsets: tensor<5xi32>, %w1: tensor<4x32x64xf32>) {
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 0, 1, 1] : tensor<?x64xf32>, tensor<5xi32> -> tensor<?x64xf32>, tensor<5xi32>, tensor<9xi32>
  %h = moe.grouped_matmul %mine, %ranges, %w1 : tensor<?x64xf32>, tensor<5xi32>, tensor<4x32x64xf32> -> tensor<?x32xf32>
  return
}

// CHECK-LABEL: @narrow
func.func @narrow(%rows: tensor<?x32xbf16>, %offsets: tensor<5xi32>) -> tensor<?x32xbf16> {
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 0, 1, 1] : tensor<?x32xbf16>, tensor<5xi32> -> tensor<?x32xbf16>, tensor<5xi32>, tensor<9xi32>
  %y = moe.exchange_back %mine, %sources to %offsets on @ranks axes [1] owners [0, 0, 1, 1] : tensor<?x32xbf16>, tensor<9xi32>, tensor<5xi32> -> tensor<?x32xbf16>
  return %y : tensor<?x32xbf16>
}
