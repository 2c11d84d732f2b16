// Layers whose experts every rank may hold exchange nothing.
// RUN: moe-opt --moe-select-exchange %s | FileCheck %s --check-prefix=NONE
// RUN: moe-opt --moe-select-exchange=spare-bytes=1024 %s | FileCheck %s
// RUN: moe-opt --moe-select-exchange=spare-bytes=1023 %s | FileCheck %s --check-prefix=NONE
// RUN: moe-opt --moe-select-exchange=spare-bytes=9216 %s | FileCheck %s --check-prefix=TWO
// RUN: moe-opt --moe-select-exchange=spare-bytes=9223372036854775807 %s | FileCheck %s --check-prefix=ALL
// RUN: not moe-opt --moe-select-exchange=spare-bytes=-1 %s 2>&1 | FileCheck %s --check-prefix=BAD
// BAD: moe-select-exchange expects spare-bytes of at least 0, got -1

// Of experts of 2 KiB a rank has half without an exchange too many, of those of 16 KiB half as well: 1 and 8 KiB.
// NONE-COUNT-4: moe.exchange %
shard.grid @ranks(shape = 1x2)

// CHECK-LABEL: @large
// CHECK: moe.exchange %
// CHECK: moe.exchange_back
// TWO-LABEL: @large
// TWO-NOT: moe.exchange
func.func @large(%rows: tensor<?x16xf32>, %offsets: tensor<5xi32>, %w1: tensor<4x32x16xf32>, %w2: tensor<4x16x32xf32>) -> tensor<?x16xf32> {
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 0, 1, 1] : tensor<?x16xf32>, tensor<5xi32> -> tensor<?x16xf32>, tensor<5xi32>, tensor<9xi32>
  %y = moe.expert %mine, %ranges, %w1, %w2 {activation = #moe.activation<relu>} : tensor<?x16xf32>, tensor<5xi32>, tensor<4x32x16xf32>, tensor<4x16x32xf32> -> tensor<?x16xf32>
  %back = moe.exchange_back %y, %sources to %offsets on @ranks axes [1] owners [0, 0, 1, 1] : tensor<?x16xf32>, tensor<9xi32>, tensor<5xi32> -> tensor<?x16xf32>
  return %back : tensor<?x16xf32>
}

// CHECK-LABEL: @small
// CHECK-SAME: (%[[ROWS:.*]]: tensor<?x8xf32>, %[[OFFSETS:.*]]: tensor<5xi32>, %[[W:.*]]: tensor<4x16x8xf32>)
// CHECK-NEXT: %[[H:.*]] = moe.grouped_matmul %[[ROWS]], %[[OFFSETS]], %[[W]]
// CHECK-NEXT: %[[Y:.*]] = math.tanh %[[H]]
// CHECK-NEXT: return %[[Y]]
// TWO-LABEL: @small
// TWO-NOT: moe.exchange
func.func @small(%rows: tensor<?x8xf32>, %offsets: tensor<5xi32>, %w: tensor<4x16x8xf32>) -> tensor<?x16xf32> {
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 0, 1, 1] : tensor<?x8xf32>, tensor<5xi32> -> tensor<?x8xf32>, tensor<5xi32>, tensor<9xi32>
  %h = moe.grouped_matmul %mine, %ranges, %w : tensor<?x8xf32>, tensor<5xi32>, tensor<4x16x8xf32> -> tensor<?x16xf32>
  %y = math.tanh %h : tensor<?x16xf32>
  %back = moe.exchange_back %y, %sources to %offsets on @ranks axes [1] owners [0, 0, 1, 1] : tensor<?x16xf32>, tensor<9xi32>, tensor<5xi32> -> tensor<?x16xf32>
  return %back : tensor<?x16xf32>
}

// A product in parts is whole again; the numbers of rows that a rank has are those of the types around.
// TWO-LABEL: @parts
// TWO: moe.exchange
// ALL-LABEL: @parts
// ALL-SAME: (%[[ROWS:.*]]: tensor<6x64xf32>, %[[OFFSETS:.*]]: tensor<3xi32>, %[[W:.*]]: tensor<2x64x64xf32>)
// ALL-NEXT: %[[H:.*]] = moe.expert_hidden %[[ROWS]], %[[OFFSETS]], %[[W]] {activation = #moe.activation<relu>} : {{.*}} -> tensor<?x64xf32>
// ALL-NEXT: return %[[H]]
func.func @parts(%rows: tensor<6x64xf32>, %offsets: tensor<3xi32>, %w: tensor<2x64x64xf32>) -> tensor<?x64xf32> {
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 1, 0, 1] {parts = 2} : tensor<6x64xf32>, tensor<3xi32> -> tensor<?x64xf32>, tensor<5xi32>, tensor<9xi32>
  %h = moe.expert_hidden %mine, %ranges, %w {activation = #moe.activation<relu>, parts = 2} : tensor<?x64xf32>, tensor<5xi32>, tensor<2x64x64xf32> -> tensor<?x32xf32>
  %back = moe.exchange_back %h, %sources to %offsets on @ranks axes [1] owners [0, 1, 0, 1] {parts = 2} : tensor<?x32xf32>, tensor<9xi32>, tensor<3xi32> -> tensor<?x64xf32>
  return %back : tensor<?x64xf32>
}

// Rows of other ranks that somebody reads here cannot stay away.
// ALL-LABEL: @escape
// ALL: moe.exchange
func.func @escape(%rows: tensor<?x8xf32>, %offsets: tensor<5xi32>) -> tensor<?x8xf32> {
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 0, 1, 1] : tensor<?x8xf32>, tensor<5xi32> -> tensor<?x8xf32>, tensor<5xi32>, tensor<9xi32>
  return %mine : tensor<?x8xf32>
}

// A product that is none in parts, though its exchange is: parts of experts are experts to it.
// ALL-LABEL: @parts_as_experts
// ALL: moe.exchange
func.func @parts_as_experts(%rows: tensor<?x8xf32>, %offsets: tensor<4xi32>, %w: tensor<6x4x8xf32>) -> tensor<?x8xf32> {
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 1, 0, 1, 0, 1] {parts = 2} : tensor<?x8xf32>, tensor<4xi32> -> tensor<?x8xf32>, tensor<7xi32>, tensor<13xi32>
  %y = moe.grouped_matmul %mine, %ranges, %w : tensor<?x8xf32>, tensor<7xi32>, tensor<6x4x8xf32> -> tensor<?x4xf32>
  %back = moe.exchange_back %y, %sources to %offsets on @ranks axes [1] owners [0, 1, 0, 1, 0, 1] {parts = 2} : tensor<?x4xf32>, tensor<13xi32>, tensor<4xi32> -> tensor<?x8xf32>
  return %back : tensor<?x8xf32>
}

// Rows that do not come back to where they are from: moe-plan-windows says so.
// ALL-LABEL: @other_owners
// ALL: moe.exchange
func.func @other_owners(%rows: tensor<?x8xf32>, %offsets: tensor<4xi32>, %w: tensor<3x8x8xf32>) -> tensor<?x8xf32> {
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 1, 0] : tensor<?x8xf32>, tensor<4xi32> -> tensor<?x8xf32>, tensor<4xi32>, tensor<7xi32>
  %y = moe.grouped_matmul %mine, %ranges, %w : tensor<?x8xf32>, tensor<4xi32>, tensor<3x8x8xf32> -> tensor<?x8xf32>
  %back = moe.exchange_back %y, %sources to %offsets on @ranks axes [1] owners [1, 1, 0] : tensor<?x8xf32>, tensor<7xi32>, tensor<4xi32> -> tensor<?x8xf32>
  return %back : tensor<?x8xf32>
}
