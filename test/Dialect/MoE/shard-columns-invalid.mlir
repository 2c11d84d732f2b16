// RUN: moe-opt --moe-shard-experts="ep=2 tp=3" --split-input-file --verify-diagnostics %s

func.func @inner(%x: tensor<?x9xf32>, %ids: tensor<?x2xi32>, %w1: tensor<5x7x9xf32>, %w2: tensor<5x9x7xf32>) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<?x9xf32>, tensor<?x2xi32> -> tensor<?x9xf32>, tensor<6xi32>, tensor<?x2xi32>
  // expected-error @+1 {{'moe.expert' op has 7 columns in its hidden rows, which do not divide over tp = 3 ranks; choose a tp that divides them}}
  %y = moe.expert %rows, %offsets, %w1, %w2 {activation = #moe.activation<silu>} : tensor<?x9xf32>, tensor<6xi32>, tensor<5x7x9xf32>, tensor<5x9x7xf32> -> tensor<?x9xf32>
  return
}

// -----

func.func @result(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %w: tensor<5x8x8xf32>) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<6xi32>, tensor<?x2xi32>
  // expected-error @+1 {{'moe.grouped_matmul' op has 8 columns in its result, which do not divide over tp = 3 ranks}}
  %y = moe.grouped_matmul %rows, %offsets, %w : tensor<?x8xf32>, tensor<6xi32>, tensor<5x8x8xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @unknown(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %w: tensor<5x?x8xf32>) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<6xi32>, tensor<?x2xi32>
  // expected-error @+1 {{has an unknown number of columns in its result, which cannot be spread over tp = 3 ranks}}
  %y = moe.grouped_matmul %rows, %offsets, %w : tensor<?x8xf32>, tensor<6xi32>, tensor<5x?x8xf32> -> tensor<?x?xf32>
  return
}

// -----

func.func @static(%x: tensor<2x8xf32>, %ids: tensor<2x2xi32>, %w: tensor<5x9x8xf32>) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<2x8xf32>, tensor<2x2xi32> -> tensor<4x8xf32>, tensor<6xi32>, tensor<2x2xi32>
  // expected-error @+1 {{has a static number of rows, which cannot move to other ranks}}
  %y = moe.grouped_matmul %rows, %offsets, %w : tensor<4x8xf32>, tensor<6xi32>, tensor<5x9x8xf32> -> tensor<4x9xf32>
  return
}

// -----

func.func @parts(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %w: tensor<3x9x8xf32>) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 9} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<10xi32>, tensor<?x2xi32>
  // expected-error @+1 {{is computed in parts already}}
  %y = moe.grouped_matmul %rows, %offsets, %w {parts = 3} : tensor<?x8xf32>, tensor<10xi32>, tensor<3x9x8xf32> -> tensor<?x3xf32>
  return
}

// -----

shard.grid @grid(shape = 1x2)
func.func @twice(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<6xi32>, tensor<?x2xi32>
  // expected-error @+1 {{the experts of this layer are on ranks already}}
  %a, %b, %c = moe.exchange %rows, %offsets on @grid axes [1] owners [0, 0, 0, 1, 1] : tensor<?x8xf32>, tensor<6xi32> -> tensor<?x8xf32>, tensor<6xi32>, tensor<11xi32>
  return
}

// -----

func.func @block(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %w: tensor<5x9x8xf32>, %if: i1) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<6xi32>, tensor<?x2xi32>
  scf.if %if {
    // expected-error @+1 {{'moe.grouped_matmul' reads rows of a moe.dispatch in another block; exchanges must happen on all ranks or on none}}
    %y = moe.grouped_matmul %rows, %offsets, %w : tensor<?x8xf32>, tensor<6xi32>, tensor<5x9x8xf32> -> tensor<?x9xf32>
  }
  return
}

// -----

func.func @other_offsets(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %w: tensor<3x9x8xf32>) -> tensor<?x9xf32> {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 3} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<4xi32>, tensor<?x2xi32>
  %c = tensor.cast %offsets : tensor<4xi32> to tensor<?xi32>
  // expected-error @+1 {{has rows and offsets of different dispatches; its rows cannot move to other ranks}}
  %y = moe.grouped_matmul %rows, %c, %w : tensor<?x8xf32>, tensor<?xi32>, tensor<3x9x8xf32> -> tensor<?x9xf32>
  return %y : tensor<?x9xf32>
}

// -----

func.func @many(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>) {
  // expected-error @+1 {{'moe.dispatch' op has 400000 experts, more than 349525, which is the limit with this tp}}
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 400000} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<400001xi32>, tensor<?x2xi32>
  return
}
