// Exchanges between ranks: order of rows, ranks with no rows, and the same bits as without ranks.
// RUN: rm -rf %t && mkdir %t && split-file %s %t
// RUN: env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=%S/../Execution/python %python %t/inputs.py %t

// RUN: moec run --interpret --ranks 2 --decimals 0 --input 0=%t/two.npy --input 1=%t/ids.npy --input 2=%t/scale.npy %t/order.mlir | FileCheck %t/order.mlir
// RUN: moec run --interpret --ranks 3 --decimals 0 --input 0=%t/two.npy --input 1=%t/ids.npy --input 2=%t/scale.npy %t/idle.mlir | FileCheck %t/idle.mlir

// A layer of 5 experts and 7 tokens on 1 to 12 ranks, and with every token routed to the same two experts.
// RUN: moec run --interpret --random 3 --input 0=%t/x.npy --input 1=%t/z.npy --output-dir %t/alone %t/layer.mlir
// RUN: moec run --interpret --random 3 --input 0=%t/x.npy --input 1=%t/same.npy --output-dir %t/alone-same %t/layer.mlir
// RUN: not cmp -s %t/alone/output_0.npy %t/alone-same/output_0.npy
// RUN: for ep in 1 2 3 4 8 12; do \
// RUN:   moe-opt --moe-shard-experts=ep=$ep %t/layer.mlir -o %t/sharded.mlir && \
// RUN:   moec run --interpret --ranks $ep --random 3 --input 0=%t/x.npy --input 1=%t/z.npy --output-dir %t/ranks %t/sharded.mlir && \
// RUN:   cmp %t/alone/output_0.npy %t/ranks/output_0.npy && \
// RUN:   moec run --interpret --ranks $ep --random 3 --input 0=%t/x.npy --input 1=%t/same.npy --output-dir %t/ranks %t/sharded.mlir && \
// RUN:   cmp %t/alone-same/output_0.npy %t/ranks/output_0.npy || exit 1; \
// RUN: done
// In rounds: windows that hold everything or a few rows, and chunks.
// RUN: for plan in 1/0 2/0 3/3 5/1 64/0 64/2 64/7; do \
// RUN:   for ep in 2 3 8; do \
// RUN:     moe-opt --moe-shard-experts=ep=$ep --moe-plan-windows=rows=${plan%/*} --moe-overlap-exchange=chunks=${plan#*/} %t/layer.mlir -o %t/rounds.mlir && \
// RUN:     grep -q moe.expert_parallel %t/rounds.mlir && \
// RUN:     moec run --interpret --ranks $ep --random 3 --input 0=%t/x.npy --input 1=%t/z.npy --output-dir %t/ranks %t/rounds.mlir && \
// RUN:     cmp %t/alone/output_0.npy %t/ranks/output_0.npy && \
// RUN:     moec run --interpret --ranks $ep --random 3 --input 0=%t/x.npy --input 1=%t/same.npy --output-dir %t/ranks %t/rounds.mlir && \
// RUN:     cmp %t/alone-same/output_0.npy %t/ranks/output_0.npy || exit 1; \
// RUN:   done; \
// RUN: done
// Two groups of three ranks, whose numbers of rounds differ.
// RUN: moe-opt --moe-shard-experts="ep=3 dp=2" --moe-plan-windows=rows=2 %t/layer.mlir -o %t/rounds.mlir
// RUN: moec run --interpret --ranks 6 --random 3 --input 0=%t/x.npy --input 1=%t/same.npy --output-dir %t/groups %t/rounds.mlir
// RUN: cmp %t/alone-same/output_0.npy %t/groups/output_0.npy
// Two groups of three ranks.
// RUN: moe-opt --moe-shard-experts="ep=3 dp=2" %t/layer.mlir -o %t/sharded.mlir
// RUN: moec run --interpret --ranks 6 --random 3 --input 0=%t/x.npy --input 1=%t/z.npy --output-dir %t/groups %t/sharded.mlir
// RUN: cmp %t/alone/output_0.npy %t/groups/output_0.npy

// Columns of experts on ranks, in whatever rounds.
// RUN: for grid in 2:tp=2 "4:ep=2 tp=2" "12:ep=6 tp=2" "8:ep=2 tp=2 dp=2"; do \
// RUN:   for windows in 1 64; do \
// RUN:     moe-opt --moe-shard-experts="${grid#*:}" %t/layer.mlir -o %t/columns.mlir && \
// RUN:     moe-opt --moe-plan-windows=rows=$windows --moe-overlap-exchange=chunks=2 %t/columns.mlir -o %t/rounds.mlir && \
// RUN:     grep -q moe.expert_hidden %t/rounds.mlir && \
// RUN:     for file in columns rounds; do for ids in z same; do \
// RUN:       moec run --interpret --ranks ${grid%:*} --random 3 --input 0=%t/x.npy --input 1=%t/$ids.npy --output-dir %t/$ids-ranks %t/$file.mlir || exit 1; \
// RUN:     done; done && \
// RUN:     cmp %t/alone/output_0.npy %t/z-ranks/output_0.npy && \
// RUN:     cmp %t/alone-same/output_0.npy %t/same-ranks/output_0.npy || exit 1; \
// RUN:   done; \
// RUN: done

// RUN: not moec run --interpret --ranks 4 --random 3 --input 0=%t/x.npy --input 1=%t/z.npy %t/sharded.mlir 2>&1 | FileCheck %s --check-prefix=FOUR
// FOUR: exchanges among the 6 ranks of @ranks, and there are 4; run it with --ranks 6
// RUN: not moec run --interpret --random 3 --input 0=%t/x.npy --input 1=%t/z.npy %t/sharded.mlir 2>&1 | FileCheck %s --check-prefix=ALONE
// ALONE: exchanges among the 6 ranks of @ranks, and there is 1; run it with --ranks 6

//--- inputs.py
import random, sys
import npy

def write(name, dtype, shape, values):
    npy.write(f"{sys.argv[1]}/{name}.npy", npy.Tensor(dtype, shape, npy.pack(dtype, values)))

random.seed(1)
numbers = lambda count: [random.uniform(-1, 1) for _ in range(count)]
write("two", "f32", [2, 1], [100, 200])
write("ids", "i32", [2, 4], [2, 0, 3, 1, 1, 3, 0, 2])
write("scale", "f32", [2, 4], [1.02, 1.00, 1.03, 1.01, 1.01, 1.03, 1.00, 1.02])
write("x", "f32", [7, 8], numbers(56))
write("z", "f32", [7, 5], numbers(35))
write("same", "f32", [7, 5], [0, 0, 2, 0, 1] * 7)

//--- order.mlir
shard.grid @ranks(shape = 1x2)

// Two ranks, a token and two experts each; all tokens go to all experts, and the row of expert e is 1 + e / 100 times
// the token. First by expert, then by sender.
// CHECK: tensor<8x1xf32> {{\[\[}}100], [200], [101], [202], [102], [204], [103], [206]]
// CHECK-NEXT: tensor<10xi32> [0, 2, 4, 4, 4, 0, 0, 0, 2, 4]
// CHECK-NEXT: tensor<18xi32> [0, 1, 2, 3, 4, 4, 4, 4, 4, 0, 0, 0, 0, 0, 1, 2, 3, 4]
// And back at their tokens.
// CHECK-NEXT: tensor<8x1xf32> {{\[\[}}100], [101], [102], [103], [200], [202], [204], [206]]
func.func @main(%x: tensor<?x1xf32>, %ids: tensor<?x4xi32>, %scale: tensor<?x4xf32>)
    -> (tensor<?x1xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?x1xf32>) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids scale(%scale : tensor<?x4xf32>) {experts = 4}
    : tensor<?x1xf32>, tensor<?x4xi32> -> tensor<?x1xf32>, tensor<5xi32>, tensor<?x4xi32>
  %mine, %at, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 0, 1, 1]
    : tensor<?x1xf32>, tensor<5xi32> -> tensor<?x1xf32>, tensor<5xi32>, tensor<9xi32>
  %back = moe.exchange_back %mine, %sources to %offsets on @ranks axes [1] owners [0, 0, 1, 1]
    : tensor<?x1xf32>, tensor<9xi32>, tensor<5xi32> -> tensor<?x1xf32>
  %a = tensor.cast %at : tensor<5xi32> to tensor<?xi32>
  %s = tensor.cast %sources : tensor<9xi32> to tensor<?xi32>
  return %mine, %a, %s, %back : tensor<?x1xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?x1xf32>
}

//--- idle.mlir
shard.grid @ranks(shape = 3)

// The third rank has neither a token nor an expert, and experts have any owner.
// CHECK: tensor<8x1xf32> {{\[\[}}100], [200], [103], [206], [101], [202], [102], [204]]
// CHECK-NEXT: tensor<8x1xf32> {{\[\[}}100], [101], [102], [103], [200], [202], [204], [206]]
func.func @main(%x: tensor<?x1xf32>, %ids: tensor<?x4xi32>, %scale: tensor<?x4xf32>) -> (tensor<?x1xf32>, tensor<?x1xf32>) {
  %rows, %offsets, %positions = moe.dispatch %x to %ids scale(%scale : tensor<?x4xf32>) {experts = 4}
    : tensor<?x1xf32>, tensor<?x4xi32> -> tensor<?x1xf32>, tensor<5xi32>, tensor<?x4xi32>
  %mine, %at, %sources = moe.exchange %rows, %offsets on @ranks axes [0] owners [0, 1, 1, 0]
    : tensor<?x1xf32>, tensor<5xi32> -> tensor<?x1xf32>, tensor<5xi32>, tensor<13xi32>
  %back = moe.exchange_back %mine, %sources to %offsets on @ranks axes [0] owners [0, 1, 1, 0]
    : tensor<?x1xf32>, tensor<13xi32>, tensor<5xi32> -> tensor<?x1xf32>
  return %mine, %back : tensor<?x1xf32>, tensor<?x1xf32>
}

//--- layer.mlir
func.func @main(%x: tensor<?x8xf32>, %z: tensor<?x5xf32>, %w1: tensor<5x6x8xf32>, %w2: tensor<5x8x6xf32>) -> tensor<?x8xf32> {
  %ids, %w = moe.route %z {k = 2} : tensor<?x5xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %y = func.call @experts(%x, %ids, %w, %w1, %w2)
    : (tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<5x6x8xf32>, tensor<5x8x6xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func private @experts(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %w: tensor<?x2xf32>, %w1: tensor<5x6x8xf32>, %w2: tensor<5x8x6xf32>) -> tensor<?x8xf32> {
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 5} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<6xi32>, tensor<?x2xi32>
  %y = moe.expert %rows, %offsets, %w1, %w2 {activation = #moe.activation<silu>} : tensor<?x8xf32>, tensor<6xi32>, tensor<5x6x8xf32>, tensor<5x8x6xf32> -> tensor<?x8xf32>
  %out = moe.combine %y at %positions by %w : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x8xf32>
  return %out : tensor<?x8xf32>
}
