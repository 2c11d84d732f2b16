// RUN: moe-opt --moe-overlap-exchange %s | FileCheck %s --check-prefixes=CHECK,COSTS
// RUN: moe-opt --moe-overlap-exchange=chunks=5 %s | FileCheck %s --check-prefixes=CHECK,FIVE

shard.grid @ranks(shape = 1x2)

// Two products of 64 x 32 and one of 32 x 64, each a multiplication and an addition.
// CHECK-LABEL: @expert
// COSTS: window 512 {row_flops = 12288 : i64}
// FIVE: window 512 {chunks = 5 : i64, row_flops = 12288 : i64}
func.func @expert(%rows: tensor<?x64xf32>, %offsets: tensor<3xi32>, %w1: tensor<2x32x64xf32>, %w2: tensor<2x64x32xf32>, %w3: tensor<2x32x64xf32>) -> tensor<?x64xf32> {
  %y = moe.expert_parallel %rows, %offsets on @ranks axes [1] owners [0, 1] window 512 : tensor<?x64xf32>, tensor<3xi32> -> tensor<?x64xf32> {
  ^bb0(%mine: tensor<?x64xf32>, %ranges: tensor<3xi32>):
    %z = moe.expert %mine, %ranges, %w1, %w2 up(%w3 : tensor<2x32x64xf32>) {activation = #moe.activation<silu>, gate = #moe.gate<separate>} : tensor<?x64xf32>, tensor<3xi32>, tensor<2x32x64xf32>, tensor<2x64x32xf32> -> tensor<?x64xf32>
    moe.yield %z : tensor<?x64xf32>
  }
  return %y : tensor<?x64xf32>
}

// What the file says about chunks stays unless the option says otherwise.
// CHECK-LABEL: @products
// COSTS: {chunks = 3 : i64, row_flops = 8192 : i64}
// FIVE: {chunks = 5 : i64, row_flops = 8192 : i64}
func.func @products(%rows: tensor<?x64xf32>, %offsets: tensor<3xi32>, %w1: tensor<2x32x64xf32>, %w2: tensor<2x64x32xf32>) -> tensor<?x64xf32> {
  %y = moe.expert_parallel %rows, %offsets on @ranks axes [1] owners [0, 1] window 512 {chunks = 3} : tensor<?x64xf32>, tensor<3xi32> -> tensor<?x64xf32> {
  ^bb0(%mine: tensor<?x64xf32>, %ranges: tensor<3xi32>):
    %h = moe.grouped_matmul %mine, %ranges, %w1 : tensor<?x64xf32>, tensor<3xi32>, tensor<2x32x64xf32> -> tensor<?x32xf32>
    %z = moe.grouped_matmul %h, %ranges, %w2 : tensor<?x32xf32>, tensor<3xi32>, tensor<2x64x32xf32> -> tensor<?x64xf32>
    moe.yield %z : tensor<?x64xf32>
  }
  return %y : tensor<?x64xf32>
}

// CHECK-LABEL: @nothing
// COSTS: window 512 :
// FIVE: window 512 {chunks = 5 : i64} :
func.func @nothing(%rows: tensor<?x64xf32>, %offsets: tensor<3xi32>) -> tensor<?x64xf32> {
  %y = moe.expert_parallel %rows, %offsets on @ranks axes [1] owners [0, 1] window 512 : tensor<?x64xf32>, tensor<3xi32> -> tensor<?x64xf32> {
  ^bb0(%mine: tensor<?x64xf32>, %ranges: tensor<3xi32>):
    moe.yield %mine : tensor<?x64xf32>
  }
  return %y : tensor<?x64xf32>
}

// More than there are numbers for.
// CHECK-LABEL: @wide
// CHECK: row_flops = 4611686018427387904 : i64
func.func @wide(%rows: tensor<?x3037000500xf32>, %offsets: tensor<3xi32>, %w: tensor<2x3037000500x3037000500xf32>) -> tensor<?x3037000500xf32> {
  %y = moe.expert_parallel %rows, %offsets on @ranks axes [1] owners [0, 1] window 512 : tensor<?x3037000500xf32>, tensor<3xi32> -> tensor<?x3037000500xf32> {
  ^bb0(%mine: tensor<?x3037000500xf32>, %ranges: tensor<3xi32>):
    %z = moe.grouped_matmul %mine, %ranges, %w : tensor<?x3037000500xf32>, tensor<3xi32>, tensor<2x3037000500x3037000500xf32> -> tensor<?x3037000500xf32>
    moe.yield %z : tensor<?x3037000500xf32>
  }
  return %y : tensor<?x3037000500xf32>
}
