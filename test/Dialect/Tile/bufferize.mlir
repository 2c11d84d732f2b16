// RUN: moe-opt %s -split-input-file -one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" -canonicalize | FileCheck %s

// Fresh outs: one allocation each, no copy; the ranges that a bucket writes are the ones that the product reads.
// CHECK-LABEL: func @fresh
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x64xf32>
// CHECK-NOT: memref.copy
// CHECK: memref.alloc
// CHECK: memref.alloc
// CHECK: memref.alloc
// CHECK: tile.bucket keys(%{{.*}} : memref<?x2xi32>) outs(%[[OFF:.*]], %[[SRC:.*]], %[[POS:.*]] : memref<9xi32>, memref<?xi32>, memref<?x2xi32>){{$}}
// CHECK: %[[O:.*]] = memref.alloc
// CHECK: tile.ragged_matmul rows(%[[X]] : memref<?x64xf32>) gather(%[[SRC]] : memref<?xi32>) ranges(%[[OFF]] : memref<9xi32>)
// CHECK-SAME: outs(%[[O]] : memref<?x96xf32>) epilogue {
// CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32):
// CHECK-NEXT: tile.yield %[[ACC]] : f32
// CHECK: %[[Y:.*]] = memref.alloc
// CHECK: tile.weighted_gather rows(%[[O]] : memref<?x96xf32>) places(%[[POS]] : memref<?x2xi32>)
// CHECK-SAME: outs(%[[Y]] : memref<?x96xf32>) {term = f32}
// CHECK-NOT: memref.copy
// CHECK: return %[[Y]]
func.func @fresh(%x: tensor<?x64xf32>, %ids: tensor<?x2xi32>, %c: tensor<?x2xf32>,
                 %w: !tile.packed<8x96x64xf32>, %t: index, %n: index) -> tensor<?x96xf32> {
  %e0 = tensor.empty() : tensor<9xi32>
  %e1 = tensor.empty(%n) : tensor<?xi32>
  %e2 = tensor.empty(%t) : tensor<?x2xi32>
  %off, %src, %pos = tile.bucket keys(%ids : tensor<?x2xi32>)
      outs(%e0, %e1, %e2 : tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>)
      -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %e3 = tensor.empty(%n) : tensor<?x96xf32>
  %h = tile.ragged_matmul rows(%x : tensor<?x64xf32>) gather(%src : tensor<?xi32>) ranges(%off : tensor<9xi32>)
      slabs(%w : !tile.packed<8x96x64xf32>) outs(%e3 : tensor<?x96xf32>) -> tensor<?x96xf32> epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  %e4 = tensor.empty(%t) : tensor<?x96xf32>
  %y = tile.weighted_gather rows(%h : tensor<?x96xf32>) places(%pos : tensor<?x2xi32>)
      weights(%c : tensor<?x2xf32>) outs(%e4 : tensor<?x96xf32>) {term = f32} -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// -----

// Outs that are read later keep their contents; they are not copied, because the op overwrites them.
// CHECK-LABEL: func @outs_are_read_later
// CHECK-SAME: %[[Z:[a-z0-9]+]]: memref<4x8xf32>, %[[I:[a-z0-9]+]]: memref<4x2xi32>
// CHECK-NOT: memref.copy
// CHECK: %[[FRESH:.*]] = memref.alloc() {{.*}}: memref<4x2xi32>
// CHECK: tile.select keys(%[[Z]] : memref<4x8xf32>) outs(%[[FRESH]] : memref<4x2xi32>, %{{.*}} : memref<4x2xf32>) {tie = #tile.tie<lower_index>}
// CHECK-NOT: memref.copy
// CHECK: return %[[FRESH]], %[[I]]
func.func @outs_are_read_later(%z: tensor<4x8xf32>, %i: tensor<4x2xi32>) -> (tensor<4x2xi32>, tensor<4x2xi32>) {
  %v = tensor.empty() : tensor<4x2xf32>
  %ids, %values = tile.select keys(%z : tensor<4x8xf32>) outs(%i : tensor<4x2xi32>, %v : tensor<4x2xf32>)
      {tie = #tile.tie<lower_index>} -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %i : tensor<4x2xi32>, tensor<4x2xi32>
}

// -----

// A product may not overwrite rows that it still reads: outs get memory of their own.
// CHECK-LABEL: func @rows_as_outs
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<4x64xf32>
// CHECK: %[[O:.*]] = memref.alloc() {{.*}}: memref<4x64xf32>
// CHECK: tile.ragged_matmul rows(%[[X]] : memref<4x64xf32>) {{.*}} outs(%[[O]] : memref<4x64xf32>)
func.func @rows_as_outs(%x: tensor<4x64xf32>, %w: !tile.packed<1x64x64xf32>) -> tensor<4x64xf32> {
  %y = tile.ragged_matmul rows(%x : tensor<4x64xf32>) slabs(%w : !tile.packed<1x64x64xf32>)
      outs(%x : tensor<4x64xf32>) -> tensor<4x64xf32> epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return %y : tensor<4x64xf32>
}

// -----

// A writer of what a later op reads gets a copy.
// CHECK-LABEL: func @copy_where_needed
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<4x8xf32>
// CHECK: %[[COPY:.*]] = memref.alloc() {{.*}}: memref<4x8xf32>
// CHECK: memref.copy %[[X]], %[[COPY]]
// CHECK: memref.store %{{.*}}, %[[COPY]]
// CHECK: tile.select keys(%[[X]] : memref<4x8xf32>) source(%[[COPY]] : memref<4x8xf32>)
func.func @copy_where_needed(%x: tensor<4x8xf32>, %f: f32, %n: index) -> tensor<4x2xf32> {
  %changed = tensor.insert %f into %x[%n, %n] : tensor<4x8xf32>
  %i = tensor.empty() : tensor<4x2xi32>
  %v = tensor.empty() : tensor<4x2xf32>
  %ids, %values = tile.select keys(%x : tensor<4x8xf32>) source(%changed : tensor<4x8xf32>)
      outs(%i : tensor<4x2xi32>, %v : tensor<4x2xf32>) {tie = #tile.tie<lower_index>} -> tensor<4x2xi32>, tensor<4x2xf32>
  return %values : tensor<4x2xf32>
}

// -----

// Attention reads its operands in place, the index among them.
// CHECK-LABEL: func @attention
// CHECK-SAME: %[[Q:[a-z0-9]+]]: memref<2x4x5x16xf32>, %[[K:[a-z0-9]+]]: memref<2x2x?x16xf32>, %[[V:[a-z0-9]+]]: memref<2x2x?x16xf32>, %[[M:[a-z0-9]+]]: memref<1x1x1x?xf32>, %[[P:[a-z0-9]+]]: index
// CHECK-NOT: memref.copy
// CHECK: %[[O:.*]] = memref.alloc() {{.*}}: memref<2x4x5x16xf32>
// CHECK: tile.attention query(%[[Q]] : memref<2x4x5x16xf32>) key(%[[K]] : {{.*}}) value(%[[V]] : {{.*}}) mask(%[[M]] : {{.*}}) offset(%[[P]]) outs(%[[O]] : memref<2x4x5x16xf32>) {right_window = 0 : i64, scale = 1.000000e+00 : f32}
// CHECK: return %[[O]]
func.func @attention(%q: tensor<2x4x5x16xf32>, %k: tensor<2x2x?x16xf32>, %v: tensor<2x2x?x16xf32>,
                     %m: tensor<1x1x1x?xf32>, %p: index) -> tensor<2x4x5x16xf32> {
  %y = tile.attention query(%q : tensor<2x4x5x16xf32>) key(%k : tensor<2x2x?x16xf32>) value(%v : tensor<2x2x?x16xf32>)
      mask(%m : tensor<1x1x1x?xf32>) offset(%p) outs(%q : tensor<2x4x5x16xf32>)
      {scale = 1.0 : f32, right_window = 0} -> tensor<2x4x5x16xf32>
  return %y : tensor<2x4x5x16xf32>
}

// -----

// A scatter reads what it writes over, so an argument is copied first.
// CHECK-LABEL: func @scatter
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x64xf32>, %[[U:[a-z0-9]+]]: memref<?x64xf32>
// CHECK: %[[O:.*]] = memref.alloc
// CHECK: memref.copy %[[X]], %[[O]]
// CHECK: tile.scatter updates(%[[U]] : memref<?x64xf32>) places(%{{.*}} : memref<?xi64>) outs(%[[O]] : memref<?x64xf32>) {combine = #tile.combine<replace>}
// CHECK: return %[[O]]
func.func @scatter(%x: tensor<?x64xf32> {bufferization.writable = false}, %u: tensor<?x64xf32>, %p: tensor<?xi64>) -> tensor<?x64xf32> {
  %y = tile.scatter updates(%u : tensor<?x64xf32>) places(%p : tensor<?xi64>) outs(%x : tensor<?x64xf32>)
      {combine = #tile.combine<replace>} -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

// Panels made at run time are written once and read where they lie; an element argument that is not written is read in
// place.
// CHECK-LABEL: func @panels_at_run_time
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x64xf32>, %[[K:[a-z0-9]+]]: memref<?x?x64xf32>, %[[R:[a-z0-9]+]]: memref<?x?xf32>
// CHECK-NOT: memref.copy
// CHECK: %[[P:.*]] = memref.alloc
// CHECK: tile.pack %[[K]] : memref<?x?x64xf32> outs(%[[P]] : memref<?xf32>) {transposed}
// CHECK: %[[O:.*]] = memref.alloc
// CHECK: tile.ragged_matmul rows(%[[X]] : memref<?x64xf32>) batch(%{{.*}}) slabs(%[[P]] : memref<?xf32>) elem_args(%[[R]] : memref<?x?xf32>) outs(%[[O]] : memref<?x?xf32>)
// CHECK-NOT: memref.copy
// CHECK: return %[[O]]
func.func @panels_at_run_time(%x: tensor<?x64xf32>, %k: tensor<?x?x64xf32>, %r: tensor<?x?xf32>, %g: index,
                              %size: index, %m: index, %n: index) -> tensor<?x?xf32> {
  %e = tensor.empty(%size) : tensor<?xf32>
  %p = tile.pack %k : tensor<?x?x64xf32> outs(%e : tensor<?xf32>) {transposed} -> tensor<?xf32>
  %o = tensor.empty(%m, %n) : tensor<?x?xf32>
  %y = tile.ragged_matmul rows(%x : tensor<?x64xf32>) batch(%g) slabs(%p : tensor<?xf32>)
      elem_args(%r : tensor<?x?xf32>) outs(%o : tensor<?x?xf32>) -> tensor<?x?xf32> epilogue {
  ^bb0(%acc: f32, %residual: f32):
    %sum = arith.addf %acc, %residual : f32
    tile.yield %sum : f32
  }
  return %y : tensor<?x?xf32>
}

// -----

// Sums and orders along an axis get memory of their own.
// CHECK-LABEL: func @scan_and_sort
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x8xi64>, %[[Z:[a-z0-9]+]]: memref<?x8xf32>
// CHECK-NOT: memref.copy
// CHECK: tile.scan rows(%[[X]] : memref<?x8xi64>) outs(%[[S:.*]] : memref<?x8xi64>) {axis = 1 : i64}
// CHECK: tile.sort keys(%[[Z]] : memref<?x8xf32>) outs(%[[I:.*]] : memref<?x8xi64>) {axis = 0 : i64}
// CHECK-NOT: memref.copy
// CHECK: return %[[S]], %[[I]]
func.func @scan_and_sort(%x: tensor<?x8xi64>, %z: tensor<?x8xf32>, %n: index) -> (tensor<?x8xi64>, tensor<?x8xi64>) {
  %a = tensor.empty(%n) : tensor<?x8xi64>
  %s = tile.scan rows(%x : tensor<?x8xi64>) outs(%a : tensor<?x8xi64>) {axis = 1 : i64} -> tensor<?x8xi64>
  %b = tensor.empty(%n) : tensor<?x8xi64>
  %i = tile.sort keys(%z : tensor<?x8xf32>) outs(%b : tensor<?x8xi64>) {axis = 0 : i64} -> tensor<?x8xi64>
  return %s, %i : tensor<?x8xi64>, tensor<?x8xi64>
}
