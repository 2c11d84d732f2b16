// RUN: moe-opt --split-input-file --verify-diagnostics %s

func.func @no_grid(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{names no shard.grid: there is no @ranks}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [0] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  return
}

// -----

func.func private @ranks()
func.func @function(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{names no shard.grid: there is no @ranks}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [0] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  return
}

// -----

shard.grid @ranks(shape = 2x?)
func.func @dynamic_grid(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{expects a grid of static sizes; @ranks has others}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [0] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  return
}

// -----

shard.grid @ranks(shape = 2x0)
func.func @no_rank(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{expects a grid of 1 to 1048576 ranks; @ranks has not}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [0] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  return
}

// -----

shard.grid @ranks(shape = 4294967296x4294967296)
func.func @too_many_ranks(%rows: tensor<?x8xf32>, %sources: tensor<?xi32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{expects a grid of 1 to 1048576 ranks; @ranks has not}}
  %a = moe.exchange_back %rows, %sources to %offsets on @ranks axes [0] owners [0, 1] : tensor<?x8xf32>, tensor<?xi32>, tensor<3xi32> -> tensor<?x8xf32>
  return
}

// -----

shard.grid @ranks(shape = 2)
func.func @no_axis(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{expects at least one axis of the grid}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  return
}

// -----

shard.grid @ranks(shape = 2)
func.func @axis(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{expects axes of @ranks, which has 1, got 1}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  return
}

// -----

shard.grid @ranks(shape = 2)
func.func @axis_twice(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{names axis 0 twice}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [0, 0] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  return
}

// -----

shard.grid @ranks(shape = 2x2)
func.func @owner(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{gives expert 1 to member 2 of a group of 2}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [0] owners [0, 2] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  return
}

// -----

shard.grid @ranks(shape = 2)
func.func @no_expert(%rows: tensor<?x8xf32>, %offsets: tensor<1xi32>) {
  // expected-error @+1 {{expects an owner for each expert, and at least one expert}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [0] owners [] : tensor<?x8xf32>, tensor<1xi32> -> tensor<?x8xf32>, tensor<1xi32>, tensor<1xi32>
  return
}

// -----

shard.grid @ranks(shape = 2)
func.func @offsets(%rows: tensor<?x8xf32>, %offsets: tensor<4xi32>) {
  // expected-error @+1 {{expects the number of offsets (experts + 1) to be 3, got 4}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [0] owners [0, 1] : tensor<?x8xf32>, tensor<4xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  return
}

// -----

shard.grid @ranks(shape = 2)
func.func @received_offsets(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{expects the number of received offsets (owners + 1) to be 3, got 2}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [0] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<2xi32>, tensor<5xi32>
  return
}

// -----

shard.grid @ranks(shape = 2)
func.func @sources(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{expects the number of sources (owners * members + 1) to be 5, got 4}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [0] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<4xi32>
  return
}

// -----

shard.grid @ranks(shape = 2)
func.func @static_rows(%rows: tensor<4x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{expects a dynamic number of rows in its result, got 4: it depends on the routing of other ranks}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [0] owners [0, 1] : tensor<4x8xf32>, tensor<3xi32> -> tensor<4x8xf32>, tensor<3xi32>, tensor<5xi32>
  return
}

// -----

shard.grid @ranks(shape = 2)
func.func @rows_differ(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{sends rows of 'tensor<?x8xf32>' and receives rows of 'tensor<?x8xf16>', which differ}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [0] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf16>, tensor<3xi32>, tensor<5xi32>
  return
}

// -----

shard.grid @ranks(shape = 2)
func.func @static_rows_back(%rows: tensor<4x8xf32>, %sources: tensor<5xi32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{expects a dynamic number of rows in rows, got 4}}
  %a = moe.exchange_back %rows, %sources to %offsets on @ranks axes [0] owners [0, 1] : tensor<4x8xf32>, tensor<5xi32>, tensor<3xi32> -> tensor<4x8xf32>
  return
}

// -----

shard.grid @ranks(shape = 2)
func.func @rows_differ_back(%rows: tensor<?x8xf32>, %sources: tensor<5xi32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{sends rows of 'tensor<?x8xf32>' and gets rows of 'tensor<?x7xf32>', which differ}}
  %a = moe.exchange_back %rows, %sources to %offsets on @ranks axes [0] owners [0, 1] : tensor<?x8xf32>, tensor<5xi32>, tensor<3xi32> -> tensor<?x7xf32>
  return
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @parallel_owner(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{gives expert 1 to member 2 of a group of 2}}
  %y = moe.expert_parallel %rows, %offsets on @ranks axes [1] owners [0, 2] window 4 : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32> {
  ^bb0(%mine: tensor<?x8xf32>, %ranges: tensor<3xi32>):
    moe.yield %mine : tensor<?x8xf32>
  }
  return %y : tensor<?x8xf32>
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @no_window(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{attribute 'window' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %y = moe.expert_parallel %rows, %offsets on @ranks axes [1] owners [0, 1] window 0 : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32> {
  ^bb0(%mine: tensor<?x8xf32>, %ranges: tensor<3xi32>):
    moe.yield %mine : tensor<?x8xf32>
  }
  return %y : tensor<?x8xf32>
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @body_arguments(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{expects a body that takes 'tensor<?x8xf32>' and 'tensor<3xi32>', got ('tensor<?x8xf32>')}}
  %y = moe.expert_parallel %rows, %offsets on @ranks axes [1] owners [0, 1] window 4 : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32> {
  ^bb0(%mine: tensor<?x8xf32>):
    moe.yield %mine : tensor<?x8xf32>
  }
  return %y : tensor<?x8xf32>
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @yield(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) -> tensor<?x4xf32> {
  %y = moe.expert_parallel %rows, %offsets on @ranks axes [1] owners [0, 1] window 4 : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x4xf32> {
  ^bb0(%mine: tensor<?x8xf32>, %ranges: tensor<3xi32>):
    // expected-error @+1 {{gives ('tensor<?x8xf32>') where moe.expert_parallel has results ('tensor<?x4xf32>')}}
    moe.yield %mine : tensor<?x8xf32>
  }
  return %y : tensor<?x4xf32>
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @terminator(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{expects its body to end in moe.yield}}
  %y = moe.expert_parallel %rows, %offsets on @ranks axes [1] owners [0, 1] window 4 : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32> {
  ^bb0(%mine: tensor<?x8xf32>, %ranges: tensor<3xi32>):
    ub.unreachable
  }
  return %y : tensor<?x8xf32>
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @static_rows(%rows: tensor<4x8xf32>, %offsets: tensor<3xi32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{expects a dynamic number of rows in rows, got 4}}
  %y = moe.expert_parallel %rows, %offsets on @ranks axes [1] owners [0, 1] window 4 : tensor<4x8xf32>, tensor<3xi32> -> tensor<?x8xf32> {
  ^bb0(%mine: tensor<4x8xf32>, %ranges: tensor<3xi32>):
    %c = tensor.cast %mine : tensor<4x8xf32> to tensor<?x8xf32>
    moe.yield %c : tensor<?x8xf32>
  }
  return %y : tensor<?x8xf32>
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @parts(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{expects an owner for each part of each expert, got 3 for 2 parts}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 1, 0] {parts = 2} : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<4xi32>, tensor<7xi32>
  return
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @part_offsets(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{expects the number of received offsets (owners + 1) to be 5, got 3}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 1, 0, 1] {parts = 2} : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<9xi32>
  return
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @part_owner(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{gives expert 1 to member 2 of a group of 2}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 1, 0, 2] {parts = 2} : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<5xi32>, tensor<9xi32>
  return
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @part_width(%rows: tensor<?x8xf32>, %sources: tensor<9xi32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{sends rows of 'tensor<?x8xf32>' in 2 parts and gets rows of 'tensor<?x8xf32>', which differ}}
  %a = moe.exchange_back %rows, %sources to %offsets on @ranks axes [1] owners [0, 1, 0, 1] {parts = 2} : tensor<?x8xf32>, tensor<9xi32>, tensor<3xi32> -> tensor<?x8xf32>
  return
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @part_yield(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  %y = moe.expert_parallel %rows, %offsets on @ranks axes [1] owners [0, 1, 0, 1] window 4 {parts = 2} : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32> {
  ^bb0(%mine: tensor<?x8xf32>, %ranges: tensor<5xi32>):
    // expected-error @+1 {{gives ('tensor<?x8xf32>') in 2 parts where moe.expert_parallel has results ('tensor<?x8xf32>')}}
    moe.yield %mine : tensor<?x8xf32>
  }
  return
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @part_ranges(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{expects a body that takes 'tensor<?x8xf32>' and 'tensor<5xi32>', got ('tensor<?x8xf32>', 'tensor<3xi32>')}}
  %y = moe.expert_parallel %rows, %offsets on @ranks axes [1] owners [0, 1, 0, 1] window 4 {parts = 2} : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x16xf32> {
  ^bb0(%mine: tensor<?x8xf32>, %ranges: tensor<3xi32>):
    moe.yield %mine : tensor<?x8xf32>
  }
  return
}
