// RUN: moe-opt %s --emit-linalg-rows --cse --canonicalize --split-input-file --verify-diagnostics | FileCheck %s

// Whole vectors, then a masked step; what is the same along a row is computed
// before its loop.
// CHECK-LABEL: func private @elementwise
// CHECK: scf.for
// CHECK: %[[S:.*]] = memref.load %arg3
// CHECK: %[[R:.*]] = math.rsqrt %[[S]] : f32
// CHECK: scf.for
// CHECK: vector.load %arg2{{.*}} vector<16xf32>
// CHECK: vector.load %arg4{{.*}} vector<16xf32>
// CHECK: vector.broadcast %[[R]]
// CHECK: vector.store
// CHECK: scf.if
// CHECK: %[[M:.*]] = vector.create_mask
// CHECK: vector.maskedload %arg2{{.*}}%[[M]]
// CHECK: vector.maskedload %arg4{{.*}}%[[M]]
// CHECK: vector.maskedstore %arg5{{.*}}%[[M]]
// CHECK-NOT: linalg
func.func private @elementwise(%b: index, %e: index, %x: memref<?x?xf32>, %s: memref<?xf32>, %w: memref<?xf32>,
                               %y: memref<?x?xf32>) attributes {rt.kernel} {
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>, affine_map<(r, c) -> (c)>,
                                   affine_map<(r, c) -> (r, c)>], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s, %w : memref<?x?xf32>, memref<?xf32>, memref<?xf32>) outs(%y : memref<?x?xf32>) {
  ^bb0(%a: f32, %p: f32, %q: f32, %o: f32):
    %0 = math.rsqrt %p : f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.mulf %1, %q : f32
    linalg.yield %2 : f32
  }
  return
}

// -----

// 16 partial sums, a tree, then the initial value; masked elements are 0.
// CHECK-LABEL: func private @sum
// CHECK: %[[I:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK: %[[INIT:.*]] = memref.load %arg3
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[I]])
// CHECK: scf.if
// CHECK: %[[V:.*]] = vector.maskedload
// CHECK: %[[T:.*]] = arith.select %{{.*}}, %[[V]], %[[I]]
// CHECK: arith.addf %{{.*}}, %[[T]]
// CHECK: vector.shuffle {{.*}} [0, 1, 2, 3, 4, 5, 6, 7]
// CHECK: vector.shuffle {{.*}} [8, 9, 10, 11, 12, 13, 14, 15]
// CHECK: arith.addf {{.*}} vector<8xf32>
// CHECK: arith.addf {{.*}} vector<4xf32>
// CHECK: arith.addf {{.*}} vector<2xf32>
// CHECK: arith.addf %[[INIT]], %{{.*}} : f32
func.func private @sum(%b: index, %e: index, %x: memref<?x?xf32>, %y: memref<?xf32>) attributes {rt.kernel} {
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %o, %a : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// A reduction of rows runs down the columns of a vector. 64 columns need no mask.
// CHECK-LABEL: func private @columns
// CHECK: scf.for
// CHECK: %[[INIT:.*]] = vector.load %arg3
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[INIT]]) -> (vector<16xf32>)
// CHECK: vector.store
// CHECK-NOT: mask
func.func private @columns(%b: index, %e: index, %x: memref<?x64xf32>, %y: memref<64xf32>) attributes {rt.kernel} {
  linalg.generic {indexing_maps = [affine_map<(c, r) -> (r, c)>, affine_map<(c, r) -> (c)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x64xf32>) outs(%y : memref<64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %o, %a : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// A gathered row is read in vectors.
// CHECK-LABEL: func private @gather
// CHECK: %[[ID:.*]] = memref.load %arg3
// CHECK: %[[ROW:.*]] = arith.index_cast %[[ID]]
// CHECK: scf.for
// CHECK: vector.load %arg2[%[[ROW]], %{{.*}}]
// CHECK: vector.maskedload %arg2[%[[ROW]], %{{.*}}]
func.func private @gather(%b: index, %e: index, %table: memref<?x?xf32>, %ids: memref<?xi64>, %y: memref<?x?xf32>)
    attributes {rt.kernel} {
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r)>, affine_map<(r, c) -> (r, c)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%ids : memref<?xi64>) outs(%y : memref<?x?xf32>) {
  ^bb0(%id: i64, %o: f32):
    %row = arith.index_cast %id : i64 to index
    %column = linalg.index 1 : index
    %v = memref.load %table[%row, %column] : memref<?x?xf32>
    linalg.yield %v : f32
  }
  return
}

// -----

func.func private @tensors(%b: index, %e: index, %x: tensor<?xf32>, %y: tensor<?xf32>) attributes {rt.kernel} {
  // expected-error @below {{is still on tensors; bufferize before emit-linalg-rows}}
  %z = linalg.exp ins(%x : tensor<?xf32>) outs(%y : tensor<?xf32>) -> tensor<?xf32>
  return
}

// -----

func.func private @both(%b: index, %e: index, %x: memref<4x6xf32>, %y: memref<4x6xf32>, %s: memref<4xf32>)
    attributes {rt.kernel} {
  // expected-error @below {{writes an output along a dimension that it reduces; split it}}
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>,
                                   affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<4x6xf32>) outs(%y, %s : memref<4x6xf32>, memref<4xf32>) {
  ^bb0(%v: f32, %o: f32, %acc: f32):
    %t = arith.addf %acc, %v : f32
    linalg.yield %v, %t : f32, f32
  }
  return
}

// -----

// The largest number of a row: partials are never NaN, so they take one comparison.
// CHECK-LABEL: func.func private @largest_number
// CHECK: arith.constant dense<0xFF800000> : vector<16xf32>
// CHECK: %[[TERM:.*]] = vector.load
// CHECK: %[[IS_TAKEN:.*]] = arith.cmpf ogt, %[[TERM]], %[[ACC:.*]] : vector<16xf32>
// CHECK: arith.select %[[IS_TAKEN]], %[[TERM]], %[[ACC]]
// CHECK: arith.maxnumf %{{.*}} : f32
func.func private @largest_number(%begin: index, %end: index, %x: memref<?x64xf32>, %y: memref<?xf32>)
    attributes {rt.kernel} {
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>],
                  iterator_types = ["parallel", "reduction"]} ins(%x : memref<?x64xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maxnumf %o, %a : f32
    linalg.yield %0 : f32
  }
  return
}
