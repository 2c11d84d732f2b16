// Wrong data of exchanges are located errors; a note names the rank where one is to blame.
// RUN: moec run --interpret --ranks 2 --verify-diagnostics %s

shard.grid @ranks(shape = 2)

func.func @descending() -> tensor<?x1xf32> {
  %rows = arith.constant dense<1.0> : tensor<3x1xf32>
  %offsets = arith.constant dense<[0, 3, 2]> : tensor<3xi32>
  // expected-error @+1 {{'moe.exchange' op has offsets[2] = 2 on rank 0: they start at 0 and never descend}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [0] owners [0, 1] : tensor<3x1xf32>, tensor<3xi32> -> tensor<?x1xf32>, tensor<3xi32>, tensor<5xi32>
  return %a : tensor<?x1xf32>
}

func.func @too_many_rows() -> tensor<?x1xf32> {
  %rows = arith.constant dense<1.0> : tensor<3x1xf32>
  %offsets = arith.constant dense<[0, 1, 2]> : tensor<3xi32>
  // expected-error @+1 {{'moe.exchange' op has 3 rows on rank 0, but offsets end at 2}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [0] owners [0, 1] : tensor<3x1xf32>, tensor<3xi32> -> tensor<?x1xf32>, tensor<3xi32>, tensor<5xi32>
  return %a : tensor<?x1xf32>
}

func.func @number_of_offsets() -> tensor<?x1xf32> {
  %rows = arith.constant dense<1.0> : tensor<3x1xf32>
  %offsets = arith.constant dense<[0, 3]> : tensor<2xi32>
  %dynamic = tensor.cast %offsets : tensor<2xi32> to tensor<?xi32>
  // expected-error @+1 {{'moe.exchange' op expects offsets to be tensor<3xi32> at run time, got tensor<2xi32>}}
  %a, %b, %c = moe.exchange %rows, %dynamic on @ranks axes [0] owners [0, 1] : tensor<3x1xf32>, tensor<?xi32> -> tensor<?x1xf32>, tensor<3xi32>, tensor<5xi32>
  return %a : tensor<?x1xf32>
}

func.func @other_counts() -> tensor<?x1xf32> {
  %rows = arith.constant dense<1.0> : tensor<2x1xf32>
  %dynamic = tensor.cast %rows : tensor<2x1xf32> to tensor<?x1xf32>
  %sources = arith.constant dense<[0, 1, 2, 2, 2]> : tensor<5xi32>
  %offsets = arith.constant dense<[0, 2, 2]> : tensor<3xi32>
  // expected-error @+1 {{'moe.exchange_back' op has 1 rows of expert 0 for rank 0, which sent 2}}
  %a = moe.exchange_back %dynamic, %sources to %offsets on @ranks axes [0] owners [0, 1] : tensor<?x1xf32>, tensor<5xi32>, tensor<3xi32> -> tensor<?x1xf32>
  return %a : tensor<?x1xf32>
}

func.func @sources() -> tensor<?x1xf32> {
  %rows = arith.constant dense<1.0> : tensor<2x1xf32>
  %dynamic = tensor.cast %rows : tensor<2x1xf32> to tensor<?x1xf32>
  %sources = arith.constant dense<[0, 1, 1, 1, 1]> : tensor<5xi32>
  %offsets = arith.constant dense<[0, 1, 1]> : tensor<3xi32>
  // expected-error @+1 {{'moe.exchange_back' op has 2 rows on rank 0, but sources end at 1}}
  %a = moe.exchange_back %dynamic, %sources to %offsets on @ranks axes [0] owners [0, 1] : tensor<?x1xf32>, tensor<5xi32>, tensor<3xi32> -> tensor<?x1xf32>
  return %a : tensor<?x1xf32>
}

func.func @descending_sources() -> tensor<?x1xf32> {
  %rows = arith.constant dense<1.0> : tensor<2x1xf32>
  %dynamic = tensor.cast %rows : tensor<2x1xf32> to tensor<?x1xf32>
  %sources = arith.constant dense<[0, 2, 1, 2, 2]> : tensor<5xi32>
  %offsets = arith.constant dense<[0, 1, 1]> : tensor<3xi32>
  // expected-error @+1 {{'moe.exchange_back' op has sources[2] = 1 on rank 0: they start at 0 and never descend}}
  %a = moe.exchange_back %dynamic, %sources to %offsets on @ranks axes [0] owners [0, 1] : tensor<?x1xf32>, tensor<5xi32>, tensor<3xi32> -> tensor<?x1xf32>
  return %a : tensor<?x1xf32>
}

func.func @rank() -> tensor<1x2xi32> {
  %z = arith.constant dense<0.0> : tensor<1x4xf32>
  %ids = arith.constant dense<[[0, 4]]> : tensor<1x2xi32>
  // expected-error @+2 {{'moe.route' op ids[0, 1] is 4, no id of 4 experts}}
  // expected-note @+1 {{on rank 0 of 2}}
  %i, %w = moe.route %z ids(%ids : tensor<1x2xi32>) {k = 2, select = #moe.select<given>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i : tensor<1x2xi32>
}

func.func @body_rows() -> tensor<?x1xf32> {
  %rows = arith.constant dense<1.0> : tensor<3x1xf32>
  %dynamic = tensor.cast %rows : tensor<3x1xf32> to tensor<?x1xf32>
  %offsets = arith.constant dense<[0, 1, 3]> : tensor<3xi32>
  // expected-error @+1 {{'moe.expert_parallel' op has a body that makes 3 rows of 2 on rank 0}}
  %y = moe.expert_parallel %dynamic, %offsets on @ranks axes [0] owners [0, 1] window 9 : tensor<?x1xf32>, tensor<3xi32> -> tensor<?x1xf32> {
  ^bb0(%mine: tensor<?x1xf32>, %ranges: tensor<3xi32>):
    moe.yield %dynamic : tensor<?x1xf32>
  }
  return %y : tensor<?x1xf32>
}

func.func @parallel_offsets() -> tensor<?x1xf32> {
  %rows = arith.constant dense<1.0> : tensor<3x1xf32>
  %dynamic = tensor.cast %rows : tensor<3x1xf32> to tensor<?x1xf32>
  %offsets = arith.constant dense<[0, 3, 2]> : tensor<3xi32>
  // expected-error @+1 {{'moe.expert_parallel' op has offsets[2] = 2 on rank 0: they start at 0 and never descend}}
  %y = moe.expert_parallel %dynamic, %offsets on @ranks axes [0] owners [0, 1] window 9 : tensor<?x1xf32>, tensor<3xi32> -> tensor<?x1xf32> {
  ^bb0(%mine: tensor<?x1xf32>, %ranges: tensor<3xi32>):
    moe.yield %mine : tensor<?x1xf32>
  }
  return %y : tensor<?x1xf32>
}
