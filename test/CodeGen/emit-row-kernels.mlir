// RUN: moe-opt %s -split-input-file -emit-row-kernels -verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func private @select
// CHECK-SAME: (%{{.*}}: index, %{{.*}}: index, %[[Z:.*]]: memref<?x40xbf16>, %[[S:.*]]: memref<?x40xf32>, %[[I:.*]]: memref<?x2xi32>, %[[V:.*]]: memref<?x2xf32>)
// The first k columns make the heap. A zero is added so that -0 and +0 are equal; NaN is the least; the lower column
// is the larger rank.
// CHECK: memref.store %{{.*}}, %[[I]]
// CHECK: %[[KEY:.*]] = memref.load %[[Z]]
// CHECK: %[[ENTRY:.*]] = arith.extf %[[KEY]] : bf16 to f32
// CHECK: arith.addf %[[ENTRY]], %{{.*}} : f32
// CHECK: arith.cmpf uno, %[[ENTRY]], %[[ENTRY]]
// CHECK: arith.select
// CHECK: arith.subi %{{.*}}, %{{.*}} : i64
// CHECK: scf.while
// One pass over the others, by vectors, whose lanes are looked at only if they may be better than the root.
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %[[ROOT:.*]] = %{{.*}}) -> (i64, f32)
// CHECK: scf.if
// CHECK: %[[ENTRIES:.*]] = vector.load %[[Z]]{{.*}} vector<16xbf16>
// CHECK: %[[WIDE:.*]] = arith.extf %[[ENTRIES]] : vector<16xbf16> to vector<16xf32>
// CHECK: %[[ROOTS:.*]] = vector.broadcast %[[ROOT]]
// CHECK: %[[MASK:.*]] = arith.cmpf ugt, %[[WIDE]], %[[ROOTS]]
// CHECK: vector.bitcast %[[MASK]] : vector<16xi1> to vector<1xi16>
// CHECK: math.cttz
// The worst first, from the end.
// CHECK: memref.store %{{.*}}, %[[I]]
// CHECK: %[[VALUE:.*]] = memref.load %[[S]]
// CHECK: memref.store %[[VALUE]], %[[V]]
// CHECK-NOT: tile.select
func.func private @select(%begin: index, %end: index, %z: memref<?x40xbf16>, %s: memref<?x40xf32>, %i: memref<?x2xi32>,
                          %v: memref<?x2xf32>) attributes {rt.kernel} {
  tile.select keys(%z : memref<?x40xbf16>) source(%s : memref<?x40xf32>) outs(%i : memref<?x2xi32>, %v : memref<?x2xf32>)
      {tie = #tile.tie<lower_index>}
  return
}

// -----

// Of equal entries a later one is better; a row that is not contiguous has no vectors.
// CHECK-LABEL: func.func private @higher
// CHECK: arith.cmpf uge, %{{.*}} : vector<16xf32>
// CHECK-LABEL: func.func private @strided
// CHECK-NOT: vector
// CHECK: math.cttz
func.func private @higher(%begin: index, %end: index, %z: memref<?x?xf32>, %i: memref<?x?xi32>, %v: memref<?x?xf32>)
    attributes {rt.kernel} {
  tile.select keys(%z : memref<?x?xf32>) outs(%i : memref<?x?xi32>, %v : memref<?x?xf32>)
      {tie = #tile.tie<higher_index>}
  return
}
func.func private @strided(%begin: index, %end: index, %z: memref<?x?xf32, strided<[1, ?]>>, %i: memref<?x2xi32>,
                           %v: memref<?x2xf32>) attributes {rt.kernel} {
  tile.select keys(%z : memref<?x?xf32, strided<[1, ?]>>) outs(%i : memref<?x2xi32>, %v : memref<?x2xf32>)
      {tie = #tile.tie<lower_index>}
  return
}

// -----

// CHECK-LABEL: func.func private @bucket
// CHECK-SAME: %[[K:[a-z0-9]+]]: memref<?x2xi32>, %[[O:[a-z0-9]+]]: memref<?xi32>, %[[S:[a-z0-9]+]]: memref<?xi32>, %[[P:[a-z0-9]+]]: memref<?x2xi32>
// CHECK: memref.store %{{.*}}, %[[O]]
// CHECK: memref.load %[[K]]
// CHECK: arith.cmpi ult
// CHECK: scf.for {{.*}} iter_args
// CHECK: memref.load %[[K]]
// CHECK: memref.store %{{.*}}, %[[S]]
// CHECK: memref.store %{{.*}}, %[[P]]
// CHECK: else
// CHECK: %[[NONE:.*]] = arith.constant -1 : i32
// CHECK: memref.store %[[NONE]], %[[P]]
func.func private @bucket(%begin: index, %end: index, %k: memref<?x2xi32>, %o: memref<?xi32>, %s: memref<?xi32>,
                          %p: memref<?x2xi32>) attributes {rt.kernel} {
  tile.bucket keys(%k : memref<?x2xi32>) outs(%o, %s, %p : memref<?xi32>, memref<?xi32>, memref<?x2xi32>)
  return
}

// -----

// Terms are rounded before they are added; the tail of a row goes through a mask.
// CHECK-LABEL: func.func private @gather
// CHECK: arith.cmpi sge
// CHECK: vector.load %{{.*}} : memref<?x41xf32>, vector<16xf32>
// CHECK: arith.mulf
// CHECK: arith.truncf %{{.*}} : vector<16xf32> to vector<16xbf16>
// CHECK: arith.extf %{{.*}} : vector<16xbf16> to vector<16xf32>
// CHECK: arith.addf
// CHECK: vector.store
// CHECK: vector.maskedload
// CHECK: vector.maskedstore
func.func private @gather(%begin: index, %end: index, %r: memref<?x41xf32>, %p: memref<?x2xi32>, %w: memref<?x2xf32>,
                          %o: memref<?x41xf32>) attributes {rt.kernel} {
  tile.weighted_gather rows(%r : memref<?x41xf32>) places(%p : memref<?x2xi32>) weights(%w : memref<?x2xf32>)
      outs(%o : memref<?x41xf32>) {term = bf16}
  return
}

// -----

// Host functions are left alone.
// CHECK-LABEL: func.func @host
// CHECK: tile.select
func.func @host(%z: memref<?x8xf32>, %i: memref<?x2xi32>, %v: memref<?x2xf32>) {
  tile.select keys(%z : memref<?x8xf32>) outs(%i : memref<?x2xi32>, %v : memref<?x2xf32>) {tie = #tile.tie<lower_index>}
  return
}

// -----

func.func private @tensors(%begin: index, %end: index, %z: tensor<?x8xf32>, %i: tensor<?x2xi32>, %v: tensor<?x2xf32>)
    attributes {rt.kernel} {
  // expected-error @+1 {{is still on tensors; bufferize before emit-row-kernels}}
  %ids, %values = tile.select keys(%z : tensor<?x8xf32>) outs(%i : tensor<?x2xi32>, %v : tensor<?x2xf32>)
      {tie = #tile.tie<lower_index>} -> tensor<?x2xi32>, tensor<?x2xf32>
  return
}

// -----

// One update after the other; each on vectors, then the columns that are left.
// CHECK-LABEL: func.func private @scatter
// CHECK-SAME: %[[U:[a-z0-9]+]]: memref<?x?xf32>, %[[P:[a-z0-9]+]]: memref<?xi64>, %[[O:[a-z0-9]+]]: memref<?x?xf32>
// CHECK: scf.for %[[ROW:.*]] =
// CHECK: memref.load %[[P]][%[[ROW]]]
// CHECK: scf.for
// CHECK: %[[UPDATE:.*]] = vector.load %[[U]]
// CHECK: %[[OLD:.*]] = vector.load %[[O]]
// CHECK: %[[SUM:.*]] = arith.addf %[[OLD]], %[[UPDATE]] : vector<16xf32>
// CHECK: vector.store %[[SUM]], %[[O]]
// CHECK: scf.for
// CHECK: memref.store %{{.*}}, %[[O]]
func.func private @scatter(%begin: index, %end: index, %u: memref<?x?xf32>, %p: memref<?xi64>, %o: memref<?x?xf32>)
    attributes {rt.kernel} {
  tile.scatter updates(%u : memref<?x?xf32>) places(%p : memref<?xi64>) outs(%o : memref<?x?xf32>)
      {combine = #tile.combine<add>}
  return
}

// -----

// CHECK-LABEL: func.func private @compact
// CHECK-SAME: %[[F:[a-z0-9]+]]: memref<?xi8>, %[[O:[a-z0-9]+]]: memref<?xi64>
// CHECK: scf.for {{.*}} iter_args
// CHECK: scf.if
// CHECK: memref.store %{{.*}}, %[[O]]
// CHECK: memref.load %[[F]]
// CHECK: arith.addi
func.func private @compact(%begin: index, %end: index, %f: memref<?xi8>, %o: memref<?xi64>) attributes {rt.kernel} {
  tile.compact flags(%f : memref<?xi8>) outs(%o : memref<?xi64>)
  return
}
