// RUN: moe-opt --moe-plan-windows --split-input-file --verify-diagnostics %s
// RUN: not moe-opt --split-input-file --moe-plan-windows=rows=-1 %s 2>&1 | FileCheck %s --check-prefix=OPTIONS
// RUN: not moe-opt --split-input-file --moe-plan-windows=bytes=0 %s 2>&1 | FileCheck %s --check-prefix=OPTIONS
// RUN: not moe-opt --split-input-file --moe-overlap-exchange=chunks=-1 %s 2>&1 | FileCheck %s --check-prefix=CHUNKS
// OPTIONS: moe-plan-windows expects rows of at least 0 and bytes of at least 1
// CHUNKS: moe-overlap-exchange expects chunks of at least 0, got -1

shard.grid @ranks(shape = 1x2)
func.func @stays(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) -> tensor<?x8xf32> {
  // expected-note @+1 {{the exchange is here}}
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  // expected-error @+1 {{'func.return' reads rows of a moe.exchange that do not come back; only what moe.exchange_back takes can leave its rounds}}
  return %mine : tensor<?x8xf32>
}

// -----

shard.grid @ranks(shape = 2x2)
func.func @other_way(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) -> tensor<?x8xf32> {
  // expected-note @+1 {{the exchange is here}}
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  // expected-error @+1 {{is not the way back of the exchange whose rows it has: sources, offsets, grid, axes, owners and parts must be the same}}
  %y = moe.exchange_back %mine, %sources to %offsets on @ranks axes [0] owners [0, 1] : tensor<?x8xf32>, tensor<5xi32>, tensor<3xi32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @late(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) -> tensor<?x8xf32> {
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  %y = moe.exchange_back %mine, %sources to %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<5xi32>, tensor<3xi32> -> tensor<?x8xf32>
  %y2 = arith.addf %y, %y : tensor<?x8xf32>
  // expected-error @+1 {{'arith.addf' reads rows that came back by a moe.exchange_back and rows of the same moe.exchange; use another exchange for the former}}
  %z = arith.addf %mine, %y2 : tensor<?x8xf32>
  %out = moe.exchange_back %z, %sources to %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<5xi32>, tensor<3xi32> -> tensor<?x8xf32>
  return %out : tensor<?x8xf32>
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @block(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>, %c: i1) -> tensor<?x8xf32> {
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  %y = scf.if %c -> tensor<?x8xf32> {
    // expected-error @+1 {{'moe.exchange_back' reads rows of a moe.exchange in another block; what is computed in rounds must stand in one}}
    %b = moe.exchange_back %mine, %sources to %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<5xi32>, tensor<3xi32> -> tensor<?x8xf32>
    scf.yield %b : tensor<?x8xf32>
  } else {
    scf.yield %rows : tensor<?x8xf32>
  }
  return %y : tensor<?x8xf32>
}

// -----

// The sum does not come back, so nothing else tells that it has no place in either rounds.

shard.grid @ranks(shape = 1x2)
func.func @both(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>, %others: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-note @+1 {{one exchange is here}}
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  // expected-note @+1 {{another is here}}
  %mine2, %ranges2, %sources2 = moe.exchange %others, %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  // expected-error @+1 {{'arith.addf' reads rows of two moe.exchange, whose rounds are not the same; bring the rows of one back first}}
  %z = arith.addf %mine, %mine2 : tensor<?x8xf32>
  %y = moe.exchange_back %mine, %sources to %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<5xi32>, tensor<3xi32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

shard.grid @ranks(shape = 1x2)
func.func private @see(tensor<?x8xf32>)
func.func @effects(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-note @+1 {{the exchange is here}}
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  // expected-error @+1 {{'func.call' has effects and reads rows of a moe.exchange of which nothing comes back}}
  func.call @see(%mine) : (tensor<?x8xf32>) -> ()
  return
}

// -----

// What came back is read in a region.

shard.grid @ranks(shape = 1x2)
func.func @late(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>, %c: i1) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  %y = moe.exchange_back %mine, %sources to %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<5xi32>, tensor<3xi32> -> tensor<?x8xf32>
  %q = scf.if %c -> tensor<?x8xf32> {
    %twice = arith.addf %y, %y : tensor<?x8xf32>
    scf.yield %twice : tensor<?x8xf32>
  } else {
    scf.yield %rows : tensor<?x8xf32>
  }
  // expected-error @+1 {{'arith.addf' reads rows that came back by a moe.exchange_back and rows of the same moe.exchange; use another exchange for the former}}
  %z = arith.addf %mine, %q : tensor<?x8xf32>
  %out = moe.exchange_back %z, %sources to %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<5xi32>, tensor<3xi32> -> tensor<?x8xf32>
  return %out, %y : tensor<?x8xf32>, tensor<?x8xf32>
}
