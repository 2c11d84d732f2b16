// RUN: moe-opt %s --convert-rt-to-llvm=producer=moec-9.9 | FileCheck %s

module attributes {rt.metadata = "{}"} {
// Weights that code reads stay, in the order of their numbers; the others go.
// CHECK: rt.build_id = array<i8:
// CHECK: rt.weight @scale : tensor<64xf32>
// CHECK-NOT: rt.weight
rt.weight @unused : tensor<64xf32> = #rt.file<"w", 256, tensor<64xf32>>
rt.weight @scale : tensor<64xf32> = #rt.file<"w", 0, tensor<64xf32>>
rt.kernel @mul {v2 = @mul_v2, avx512 = @mul_avx512}

// CHECK: llvm.func internal @mul_v2(%{{.*}}: i64, %{{.*}}: i64, %{{.*}}: !llvm.ptr
// CHECK-SAME: always_inline
func.func private @mul_v2(%begin: index, %end: index, %x: memref<?x64xf32>, %s: memref<64xf32>,
                          %y: memref<?x64xf32>) attributes {rt.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %f = vector.load %s[%c0] : memref<64xf32>, vector<64xf32>
  scf.for %i = %begin to %end step %c1 {
    %v = vector.load %x[%i, %c0] : memref<?x64xf32>, vector<64xf32>
    %p = arith.mulf %v, %f : vector<64xf32>
    vector.store %p, %y[%i, %c0] : memref<?x64xf32>, vector<64xf32>
  }
  return
}
// CHECK: llvm.func internal @mul_avx512
// CHECK-SAME: prefer_vector_width = "512"
// CHECK-SAME: target_features = #llvm.target_features<["+avx512f"]>
func.func private @mul_avx512(%begin: index, %end: index, %x: memref<?x64xf32>, %s: memref<64xf32>,
                              %y: memref<?x64xf32>)
    attributes {rt.kernel, target_features = #llvm.target_features<["+avx512f"]>, prefer_vector_width = "512"} {
  return
}

// CHECK: llvm.func internal @main(%[[CTX:[a-z0-9]*]]: !llvm.ptr, %{{.*}}: !llvm.ptr
// The record of the launch, and the shape of the output.
// CHECK-DAG: llvm.alloca %{{.*}} x !llvm.struct<(struct<(ptr, ptr, i64, array<2 x i64>, array<2 x i64>)>, struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>, struct<(ptr, ptr, i64, array<2 x i64>, array<2 x i64>)>)>
// CHECK-DAG: llvm.alloca %{{.*}} x i64
// CHECK-DAG: %[[WEIGHT:.*]] = llvm.mlir.constant(0 : i32) : i32
// CHECK: llvm.getelementptr inbounds %{{.*}}[32] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK: llvm.call %{{.*}}(%[[CTX]], %{{.*}}) : !llvm.ptr, (!llvm.ptr, i32) -> !llvm.ptr
// CHECK: llvm.getelementptr inbounds %{{.*}}[40] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK: llvm.call %{{.*}}(%[[CTX]], %{{.*}}, %{{.*}}, %{{.*}}) : !llvm.ptr, (!llvm.ptr, i32, i64, !llvm.ptr) -> !llvm.ptr
// CHECK: llvm.intr.lifetime.start %[[ARGS:.*]] : !llvm.ptr
// CHECK: llvm.store %{{.*}}, %{{.*}} : !llvm.struct
// CHECK: llvm.getelementptr inbounds %{{.*}}[24] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK: llvm.call %{{.*}}(%[[CTX]], %{{.*}}, %{{.*}}, %{{.*}}) : !llvm.ptr, (!llvm.ptr, i32, !llvm.ptr, i64) -> ()
// CHECK: llvm.intr.lifetime.end %[[ARGS]] : !llvm.ptr
// With a grain, another function of the table.
// CHECK: llvm.getelementptr inbounds %{{.*}}[96] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK: llvm.call %{{.*}}(%[[CTX]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : !llvm.ptr, (!llvm.ptr, i32, !llvm.ptr, i64, i64) -> ()
func.func @main(%x: memref<?x64xf32> {rt.name = "x", rt.dim_names = ["rows", ""]})
    attributes {rt.entry, rt.outputs = [#rt.value<"y", tensor<?x64xf32> dims["rows", ""]>]} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x64xf32>
  %s = rt.get_weight @scale : memref<64xf32>
  %y = rt.output 0(%n) : memref<?x64xf32>
  rt.launch @mul units(%n) (%x, %s, %y) : memref<?x64xf32>, memref<64xf32>, memref<?x64xf32>
  rt.launch @mul units(%n) grain(%n) (%x, %s, %y) : memref<?x64xf32>, memref<64xf32>, memref<?x64xf32>
  return
}

// CHECK: llvm.func internal @mul_v2.entry(%{{[a-z0-9]*}}: !llvm.ptr, %[[RECORD:[a-z0-9]*]]: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64)
// CHECK: llvm.getelementptr inbounds %[[RECORD]][0, 2]
// CHECK: llvm.call @mul_v2(
// CHECK: llvm.func internal @mul_avx512.entry
// CHECK-SAME: prefer_vector_width = "512"
// CHECK-SAME: target_features = #llvm.target_features<["+avx512f"]>
// CHECK: llvm.func internal @main.entry(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr) -> i32
// CHECK: llvm.call @main(
// CHECK: llvm.return %{{.*}} : i32
// CHECK: llvm.mlir.global internal constant @{{.*}}("moec-9.9\00")
// CHECK: llvm.mlir.global internal constant @{{.*}}("rows\00")
// The kernel runs its v2 clone on AVX2 machines.
// CHECK: llvm.mlir.addressof @mul_v2.entry
// CHECK: llvm.mlir.addressof @mul_v2.entry
// CHECK: llvm.mlir.addressof @mul_avx512.entry
// CHECK: llvm.mlir.global external constant @moert_artifact_v1() {{.*}}: !llvm.struct<(i32, i32, array<16 x i8>, ptr, i32, i32, i32, i32, ptr, ptr, ptr, ptr, ptr, i64, i32, i32, ptr, ptr, ptr, ptr, ptr, i32, i32)>
// CHECK-NOT: unrealized_conversion_cast
}
