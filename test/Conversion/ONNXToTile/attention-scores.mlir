// RUN: moe-opt %s -convert-onnx-to-tile -canonicalize -cse | FileCheck %s

// Attention whose scores the model reads: a batched product beside the attention, whose operands stay as they were.

// Scaled products are the product's own result; query heads that share a key head are one matrix.
// CHECK-LABEL: func @products
// CHECK-SAME: (%[[Q:[a-z0-9]+]]: tensor<?x4x?x16xf16>, %[[K:[a-z0-9]+]]: tensor<?x2x?x16xf16>
func.func @products(%q: tensor<?x4x?x16xf16>, %k: tensor<?x2x?x16xf16>, %v: tensor<?x2x?x16xf16>)
    -> (tensor<?x4x?x16xf16>, tensor<?x4x?x?xf16>) {
  // CHECK: tile.attention query(%[[Q]] : {{.*}}) key(%[[K]] : {{.*}} {scale = 2.500000e-01 : f32, softcap = 2.000000e+00 : f32}
  // CHECK: %[[PACKED:.*]] = tile.pack %{{.*}} {transposed}
  // CHECK: %[[GROUPED:.*]] = tensor.collapse_shape %[[Q]] {{\[}}[0, 1, 2], [3]]
  // CHECK: tile.ragged_matmul rows(%[[GROUPED]] : tensor<?x16xf16>) batch(%{{.*}}) slabs(%[[PACKED]] : {{.*}} -> tensor<?x?xf16> epilogue {
  // CHECK: arith.mulf %{{.*}}, %{{.*}} : f32
  // CHECK: arith.truncf %{{.*}} : f32 to f16
  // CHECK-NOT: linalg.generic
  %y, %qk = onnx.attention %q, %k, %v {softcap = 2.0 : f32}
      : (tensor<?x4x?x16xf16>, tensor<?x2x?x16xf16>, tensor<?x2x?x16xf16>) -> tensor<?x4x?x16xf16> qk(tensor<?x4x?x?xf16>)
  return %y, %qk : tensor<?x4x?x16xf16>, tensor<?x4x?x?xf16>
}

// Later stages start from products in f32.
// CHECK-LABEL: func @capped
func.func @capped(%q: tensor<2x4x5x16xbf16>) -> tensor<2x4x5x5xbf16> {
  // CHECK: tile.ragged_matmul {{.*}} -> tensor<40x5xf32>
  // CHECK: linalg.generic
  // CHECK: divf
  // CHECK: tanh
  // CHECK: mulf
  // CHECK: truncf %{{.*}} : f32 to bf16
  // CHECK-NOT: linalg.generic
  %y, %qk = onnx.attention %q, %q, %q {softcap = 2.0 : f32, qk_matmul_output_mode = 1 : i64}
      : (tensor<2x4x5x16xbf16>, tensor<2x4x5x16xbf16>, tensor<2x4x5x16xbf16>) -> tensor<2x4x5x16xbf16> qk(tensor<2x4x5x5xbf16>)
  return %qk : tensor<2x4x5x5xbf16>
}

// Columns that a mask lacks are not seen; sizes of 1 are read where they are.
// CHECK-LABEL: func @masked
// CHECK-SAME: %[[MASK:[a-z0-9]+]]: tensor<5x4xf32>
func.func @masked(%q: tensor<2x5x32xf32>, %k: tensor<2x7x32xf32>, %m: tensor<5x4xf32>) -> tensor<2x2x5x7xf32> {
  // CHECK-DAG: %[[LOW:.*]] = arith.constant 0xFF800000 : f32
  // CHECK-DAG: %[[OWN:.*]] = tensor.expand_shape %[[MASK]]
  // CHECK: %[[PRODUCT:.*]] = tile.ragged_matmul
  // CHECK: %[[SCORES:.*]] = tensor.expand_shape %[[PRODUCT]]
  // CHECK: %[[FILLED:.*]] = linalg.fill ins(%[[LOW]] : f32)
  // CHECK: %[[WIDE:.*]] = tensor.insert_slice %[[OWN]] into %[[FILLED]][0, 0, 0, 0] [1, 1, 5, 4] [1, 1, 1, 1]
  // CHECK: linalg.generic {{.*}} ins(%[[SCORES]], %[[WIDE]]
  // CHECK-NEXT: ^bb0(%[[S:.*]]: f32, %[[M:.*]]: f32, %{{.*}}: f32):
  // CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[S]], %[[M]]
  // CHECK-NEXT: linalg.yield %[[SUM]]
  %y, %qk = onnx.attention %q, %k, %k mask(%m : tensor<5x4xf32>)
      {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, qk_matmul_output_mode = 2 : i64}
      : (tensor<2x5x32xf32>, tensor<2x7x32xf32>, tensor<2x7x32xf32>) -> tensor<2x5x32xf32> qk(tensor<2x2x5x7xf32>)
  return %qk : tensor<2x2x5x7xf32>
}

// Sizes that only a run tells are repeated there.
// CHECK-LABEL: func @run_time_mask
func.func @run_time_mask(%q: tensor<2x4x5x16xf32>, %m: tensor<?x1x5x5xi1>) -> tensor<2x4x5x5xf32> {
  // CHECK: tile.ragged_matmul
  // CHECK: %[[WIDE:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<2x4x5x5xi8>)
  // CHECK: tensor.extract
  // CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[WIDE]] : tensor<2x4x5x5xf32>, tensor<2x4x5x5xi8>)
  // CHECK: arith.cmpi ne
  // CHECK-NEXT: arith.select
  %y, %qk = onnx.attention %q, %q, %q mask(%m : tensor<?x1x5x5xi1>) {qk_matmul_output_mode = 2 : i64}
      : (tensor<2x4x5x16xf32>, tensor<2x4x5x16xf32>, tensor<2x4x5x16xf32>) -> tensor<2x4x5x16xf32> qk(tensor<2x4x5x5xf32>)
  return %qk : tensor<2x4x5x5xf32>
}

// What a query sees: below the length, in the window, which counts from the end of what is valid.
// CHECK-LABEL: func @softmax
// CHECK-SAME: %[[N:[a-z0-9]+]]: tensor<2xi64>
func.func @softmax(%q: tensor<2x4x5x16xf32>, %n: tensor<2xi64>) -> tensor<2x4x5x5xf32> {
  // CHECK: tile.ragged_matmul
  // CHECK: %[[SEEN:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[N]] : tensor<2x4x5x5xf32>, tensor<2xi64>)
  // CHECK-NEXT: ^bb0(%[[S:.*]]: f32, %[[LENGTH:.*]]: i64
  // CHECK: %[[KEY:.*]] = linalg.index 3
  // CHECK: %[[QUERY:.*]] = linalg.index 2
  // CHECK: %[[LIMIT:.*]] = arith.index_cast %[[LENGTH]]
  // CHECK: %[[LAST:.*]] = arith.addi %[[LIMIT]], %{{.*}}
  // CHECK: arith.cmpi sle, %[[KEY]], %[[LAST]]
  // CHECK: %[[FIRST:.*]] = arith.subi %[[LIMIT]], %{{.*}}
  // CHECK: %[[AT:.*]] = arith.addi %[[QUERY]], %[[FIRST]]
  // CHECK: %[[FAR:.*]] = arith.addi %[[KEY]], %{{.*}}
  // CHECK: arith.cmpi sle, %[[AT]], %[[FAR]]
  // CHECK: arith.cmpi sle, %[[KEY]], %[[AT]]
  // CHECK: arith.select %{{.*}}, %[[S]]
  // CHECK: %[[MAX:.*]] = linalg.generic {{.*}} ins(%[[SEEN]]
  // CHECK: maximumf
  // CHECK: %[[SHIFT:.*]] = linalg.generic {{.*}} ins(%[[MAX]]
  // CHECK: select
  // CHECK: %[[EXP:.*]] = linalg.generic {{.*}} ins(%[[SEEN]], %[[SHIFT]]
  // CHECK: math.exp
  // CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[EXP]]
  // CHECK: addf
  // CHECK: %[[WHOLE:.*]] = linalg.generic {{.*}} ins(%[[SUM]]
  // CHECK: select
  // CHECK: linalg.generic {{.*}} ins(%[[EXP]], %[[WHOLE]]
  // CHECK: divf
  %y, %qk = onnx.attention %q, %q, %q seqlen(%n : tensor<2xi64>)
      {causal, left_window = 2 : i64, qk_matmul_output_mode = 3 : i64}
      : (tensor<2x4x5x16xf32>, tensor<2x4x5x16xf32>, tensor<2x4x5x16xf32>) -> tensor<2x4x5x16xf32> qk(tensor<2x4x5x5xf32>)
  return %qk : tensor<2x4x5x5xf32>
}

// 0 / 0 of a row without visible keys is the NaN that was asked for.
// CHECK-LABEL: func @nan_rows
func.func @nan_rows(%q: tensor<2x4x5x16xf32>) -> tensor<2x4x5x5xf32> {
  // CHECK: math.exp
  // CHECK: %[[SUM:.*]] = linalg.generic
  // CHECK: addf
  // CHECK-NOT: select
  // CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[SUM]]
  // CHECK: divf
  %y, %qk = onnx.attention %q, %q, %q {causal, nan_rows, qk_matmul_output_mode = 3 : i64}
      : (tensor<2x4x5x16xf32>, tensor<2x4x5x16xf32>, tensor<2x4x5x16xf32>) -> tensor<2x4x5x16xf32> qk(tensor<2x4x5x5xf32>)
  return %qk : tensor<2x4x5x5xf32>
}
