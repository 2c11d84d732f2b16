// RUN: moe-opt %s --convert-moe-to-tile --split-input-file | FileCheck %s

// Experts on ranks: a loop over rounds. Tokens are read where they are, weights stand before the loop, and exchanges that
// are alike share a declaration.

// CHECK: module attributes {rt.grid = array<i64: 1, 2>}
// CHECK: rt.exchange @experts_0 axes [1] owners [0, 1] window 9 {result_bytes = 12 : i64, row_bytes = 16 : i64}
// CHECK: rt.exchange @experts axes [1] owners [0, 1] window 5 {chunks = 2 : i64, result_bytes = 12 : i64, row_bytes = 16 : i64, row_flops = 96 : i64}
// CHECK: rt.weight @expert_product : {{.*}} {exchange = @experts}
// CHECK-NOT: shard.grid
// CHECK-NOT: rt.exchange @
shard.grid @ranks(shape = 1x2)
rt.weight @w : tensor<2x6x8xf32> = #rt.file<"w", 0, tensor<2x6x8xf32>>
rt.weight @v : tensor<2x6x8xf32> = #rt.file<"v", 0, tensor<2x6x8xf32>>

// CHECK-LABEL: @layer
// CHECK: %[[B:.*]]:3 = tile.bucket
// CHECK-NOT: linalg.generic
// CHECK: %[[ROUNDS:.*]], %[[WINDOW:.*]] = rt.begin_exchange @experts(%arg0 gather %[[B]]#1, %[[B]]#0)
// CHECK: %[[EMPTY:.*]] = tensor.empty(%{{.*}}) : tensor<?x6xbf16>
// CHECK: %[[W:.*]] = rt.get_weight @expert_product
// CHECK: %[[LOOP:.*]] = scf.for %[[ROUND:.*]] = %{{.*}} to %[[ROUNDS]] step %{{.*}} iter_args(%[[TO:.*]] = %[[EMPTY]])
// CHECK:   %[[MEMORY:.*]], %[[PLACES:.*]], %[[RANGES:.*]] = rt.receive_rows @experts[%[[ROUND]]] (%[[WINDOW]])
// CHECK:   tensor.dim %[[PLACES]]
// CHECK:   %[[Y:.*]] = tile.ragged_matmul rows(%[[MEMORY]] : tensor<?x8xbf16>) gather(%[[PLACES]] : tensor<?xi64>) ranges(%[[RANGES]] : tensor<3xi32>) slabs(%[[W]]
// CHECK:   %[[NEXT:.*]] = rt.return_rows @experts[%[[ROUND]]] %[[Y]] into %[[TO]]
// CHECK:   scf.yield %[[NEXT]]
// CHECK: %[[END:.*]] = rt.end_exchange @experts(%arg0 gather %[[B]]#1, %[[B]]#0) into %[[LOOP]]
// CHECK: return %[[END]]
func.func @layer(%x: tensor<?x8xbf16>, %ids: tensor<?x1xi32>) -> tensor<?x6xbf16> {
  %w = rt.get_weight @w : tensor<2x6x8xf32>
  %narrow = onnx.cast %w : (tensor<2x6x8xf32>) -> tensor<2x6x8xbf16>
  %r, %o, %p = moe.dispatch %x to %ids {experts = 2} : tensor<?x8xbf16>, tensor<?x1xi32> -> tensor<?x8xbf16>, tensor<3xi32>, tensor<?x1xi32>
  %y = moe.expert_parallel %r, %o on @ranks axes [1] owners [0, 1] window 5 {chunks = 2, row_flops = 96} : tensor<?x8xbf16>, tensor<3xi32> -> tensor<?x6xbf16> {
  ^bb0(%mine: tensor<?x8xbf16>, %ranges: tensor<3xi32>):
    %z = moe.grouped_matmul %mine, %ranges, %narrow : tensor<?x8xbf16>, tensor<3xi32>, tensor<2x6x8xbf16> -> tensor<?x6xbf16>
    moe.yield %z : tensor<?x6xbf16>
  }
  return %y : tensor<?x6xbf16>
}

// Rows that come from elsewhere are sent as they are.
// CHECK-LABEL: @rows
// CHECK: rt.begin_exchange @experts(%arg0, %arg1) : tensor<?x8xbf16>, tensor<3xi32>
func.func @rows(%r: tensor<?x8xbf16>, %o: tensor<3xi32>) -> tensor<?x6xbf16> {
  %v = rt.get_weight @v : tensor<2x6x8xf32>
  %narrow = onnx.cast %v : (tensor<2x6x8xf32>) -> tensor<2x6x8xbf16>
  %y = moe.expert_parallel %r, %o on @ranks axes [1] owners [0, 1] window 5 {chunks = 2, row_flops = 96} : tensor<?x8xbf16>, tensor<3xi32> -> tensor<?x6xbf16> {
  ^bb0(%mine: tensor<?x8xbf16>, %ranges: tensor<3xi32>):
    %z = moe.grouped_matmul %mine, %ranges, %narrow : tensor<?x8xbf16>, tensor<3xi32>, tensor<2x6x8xbf16> -> tensor<?x6xbf16>
    moe.yield %z : tensor<?x6xbf16>
  }
  return %y : tensor<?x6xbf16>
}

// CHECK-LABEL: @other_window
// CHECK: rt.begin_exchange @experts_0
// Readers that are no products read a copy.
// CHECK: %[[MEMORY:.*]], %[[PLACES:.*]], %{{.*}} = rt.receive_rows @experts_0
// CHECK: %[[COPY:.*]] = linalg.generic {{.*}} ins(%[[PLACES]] : tensor<?xi64>)
// CHECK:   tensor.extract %[[MEMORY]]
// CHECK: tensor.extract_slice %[[COPY]]
func.func @other_window(%r: tensor<?x8xbf16>, %o: tensor<3xi32>) -> tensor<?x6xbf16> {
  %y = moe.expert_parallel %r, %o on @ranks axes [1] owners [0, 1] window 9 : tensor<?x8xbf16>, tensor<3xi32> -> tensor<?x6xbf16> {
  ^bb0(%mine: tensor<?x8xbf16>, %ranges: tensor<3xi32>):
    %z = tensor.extract_slice %mine[0, 0] [1, 6] [1, 1] : tensor<?x8xbf16> to tensor<1x6xbf16>
    %c = tensor.cast %z : tensor<1x6xbf16> to tensor<?x6xbf16>
    moe.yield %c : tensor<?x6xbf16>
  }
  return %y : tensor<?x6xbf16>
}

// -----

// A weight belongs to no exchange where products of two read it, or one that is outside of them, or has other ranges.
// CHECK: rt.weight @expert_product_1 : {{.*}} = #rt.pack<#rt.file<"c", {{.*}}>, 1>{{$}}
// CHECK: rt.weight @expert_product_0 : {{.*}} = #rt.pack<#rt.file<"b", {{.*}}>, 1>{{$}}
// CHECK: rt.weight @expert_product : {{.*}} = #rt.pack<#rt.file<"a", {{.*}}>, 1>{{$}}
shard.grid @ranks(shape = 1x2)
rt.weight @a : tensor<2x8x8xf32> = #rt.file<"a", 0, tensor<2x8x8xf32>>
rt.weight @b : tensor<2x8x8xf32> = #rt.file<"b", 0, tensor<2x8x8xf32>>
rt.weight @c : tensor<1x8x8xf32> = #rt.file<"c", 0, tensor<1x8x8xf32>>
func.func @shared(%r: tensor<?x8xf32>, %o: tensor<3xi32>, %all: tensor<2xi32>) -> tensor<?x8xf32> {
  %c = rt.get_weight @c : tensor<1x8x8xf32>
  %a = rt.get_weight @a : tensor<2x8x8xf32>
  %b = rt.get_weight @b : tensor<2x8x8xf32>
  %y = moe.expert_parallel %r, %o on @ranks axes [1] owners [0, 1] window 5 : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32> {
  ^bb0(%mine: tensor<?x8xf32>, %ranges: tensor<3xi32>):
    %z = moe.grouped_matmul %mine, %ranges, %a : tensor<?x8xf32>, tensor<3xi32>, tensor<2x8x8xf32> -> tensor<?x8xf32>
    %zz = moe.grouped_matmul %z, %ranges, %b : tensor<?x8xf32>, tensor<3xi32>, tensor<2x8x8xf32> -> tensor<?x8xf32>
    %zzz = moe.grouped_matmul %zz, %all, %c : tensor<?x8xf32>, tensor<2xi32>, tensor<1x8x8xf32> -> tensor<?x8xf32>
    moe.yield %zzz : tensor<?x8xf32>
  }
  %yy = moe.expert_parallel %y, %o on @ranks axes [1] owners [1, 0] window 5 : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32> {
  ^bb0(%mine: tensor<?x8xf32>, %ranges: tensor<3xi32>):
    %z = moe.grouped_matmul %mine, %ranges, %a : tensor<?x8xf32>, tensor<3xi32>, tensor<2x8x8xf32> -> tensor<?x8xf32>
    moe.yield %z : tensor<?x8xf32>
  }
  %yyy = moe.grouped_matmul %yy, %o, %b : tensor<?x8xf32>, tensor<3xi32>, tensor<2x8x8xf32> -> tensor<?x8xf32>
  return %yyy : tensor<?x8xf32>
}
