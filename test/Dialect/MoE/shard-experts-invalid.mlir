// RUN: moe-opt --moe-shard-experts=ep=2 --split-input-file --verify-diagnostics %s

func.func @escapes(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>) -> tensor<?x8xf32> {
  // expected-note @+1 {{the dispatch is here}}
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<6xi32>, tensor<?x2xi32>
  // expected-error @+1 {{'func.return' reads rows of a moe.dispatch and cannot move to the ranks of the experts}}
  return %rows : tensor<?x8xf32>
}

// -----

func.func @static(%x: tensor<2x8xf32>, %ids: tensor<2x2xi32>, %w: tensor<5x8x8xf32>) {
  // expected-error @+1 {{has a static number of rows, which cannot move to other ranks}}
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<2x8xf32>, tensor<2x2xi32> -> tensor<4x8xf32>, tensor<6xi32>, tensor<2x2xi32>
  %y = moe.grouped_matmul %rows, %offsets, %w : tensor<4x8xf32>, tensor<6xi32>, tensor<5x8x8xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @two_dispatches(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %other: tensor<?x2xi32>, %w: tensor<5x8x8xf32>) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<6xi32>, tensor<?x2xi32>
  %r, %o, %p = moe.dispatch %x to %other {experts = 5} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<6xi32>, tensor<?x2xi32>
  // expected-error @+1 {{has rows and offsets of different dispatches; its rows cannot move to other ranks}}
  %y = moe.grouped_matmul %rows, %o, %w : tensor<?x8xf32>, tensor<6xi32>, tensor<5x8x8xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @other_tensor(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %scale: tensor<?x8xf32>) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<6xi32>, tensor<?x2xi32>
  // expected-error @+1 {{'arith.mulf' combines rows of a moe.dispatch with other values, which other ranks do not have; its rows cannot move}}
  %y = arith.mulf %rows, %scale : tensor<?x8xf32>
  return
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @twice(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 2} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<?x2xi32>
  // expected-error @+1 {{the experts of this layer are on ranks already}}
  %a, %b, %c = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  return
}

// -----

func.func @other_number(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %p: i1) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<6xi32>, tensor<?x2xi32>
  // expected-error @+1 {{'arith.select' combines rows of a moe.dispatch with other values}}
  %y = arith.select %p, %rows, %rows : tensor<?x8xf32>
  return
}

// -----

func.func @other_block(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %w: tensor<5x8x8xf32>, %c: i1) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<6xi32>, tensor<?x2xi32>
  scf.if %c {
    // expected-error @+1 {{'moe.grouped_matmul' reads rows of a moe.dispatch in another block; exchanges must happen on all ranks or on none}}
    %y = moe.grouped_matmul %rows, %offsets, %w : tensor<?x8xf32>, tensor<6xi32>, tensor<5x8x8xf32> -> tensor<?x8xf32>
  }
  return
}

// -----

module {
module {
  func.func @nested(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>) {
    // expected-error @+1 {{is not in the body of a function of the module; its experts cannot be spread over ranks}}
    %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<6xi32>, tensor<?x2xi32>
    return
  }
}
}

// -----

func.func @many(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>) {
  // expected-error @+1 {{has 2147483647 experts, more than 1048576}}
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 2147483647} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<?xi32>, tensor<?x2xi32>
  return
}
