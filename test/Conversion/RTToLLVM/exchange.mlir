// RUN: moe-opt %s --convert-rt-to-llvm | FileCheck %s
// RUN: moe-opt %s --convert-rt-to-llvm | FileCheck %s --check-prefix=WEIGHT

// The steps call slots 10, 13, 14 and 15 of the function table; the artifact names the grid and the exchange.
// CHECK: rt.weight @w : {{.*}} = #rt.pack<#rt.file<"w", 0, tensor<3x6x8xbf16>>, 1>{{$}}
// CHECK-LABEL: llvm.func internal @main(
// CHECK-DAG: llvm.alloca %{{.*}} x !llvm.struct<(ptr, i64, ptr, ptr, i64)>
// CHECK-DAG: llvm.alloca %{{.*}} x !llvm.ptr
// CHECK-DAG: llvm.call %{{.*}}(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : !llvm.ptr, (!llvm.ptr, i64, !llvm.ptr, !llvm.ptr) -> !llvm.ptr
// CHECK-DAG: llvm.getelementptr inbounds %{{.*}}[80]
// CHECK-DAG: llvm.getelementptr inbounds %{{.*}}[104]
// CHECK-DAG: llvm.getelementptr inbounds %{{.*}}[112]
// CHECK-DAG: llvm.getelementptr inbounds %{{.*}}[120]
// CHECK-DAG: llvm.mlir.global internal constant @{{.*}}("experts\00")
// CHECK-DAG: llvm.mlir.global internal constant @{{.*}}() {addr_space = 0 : i32} : !llvm.array<2 x i64>
// CHECK-DAG: llvm.mlir.global internal constant @{{.*}}() {addr_space = 0 : i32} : !llvm.array<3 x i32>
// CHECK-DAG: llvm.mlir.global internal constant @{{.*}}() {addr_space = 0 : i32} : !llvm.array<1 x struct<(ptr, ptr, i32, i32, i64, i64, i64, i64, i64, i64)>>
module attributes {rt.grid = array<i64: 1, 2>} {
rt.exchange @experts axes [1] owners [0, 0, 1] window 7 {chunks = 2}
rt.weight @w : memref<3x1x4x32x2xbf16, strided<[2048, 256, 64, 2, 1]>> = #rt.pack<#rt.file<"w", 0, tensor<3x6x8xbf16>>, 1> {exchange = @experts}
func.func @main(%x: memref<?x8xbf16>, %offsets: memref<4xi32>, %gather: memref<?xi32>) attributes {rt.entry, rt.outputs = [#rt.value<"y", tensor<?x8xbf16>>]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %w = rt.get_weight @w : memref<3x1x4x32x2xbf16, strided<[2048, 256, 64, 2, 1]>>
  %n = memref.dim %gather, %c0 : memref<?xi32>
  %results = rt.output 0(%n) : memref<?x8xbf16>
  %ranges = memref.alloc() : memref<4xi32>
  %rounds, %window = rt.begin_exchange @experts(%x gather %gather, %offsets) : memref<?x8xbf16> gather memref<?xi32>, memref<4xi32>
  scf.for %round = %c0 to %rounds step %c1 {
    %memory, %places = rt.receive_rows @experts[%round](%window) into %ranges : memref<4xi32> -> memref<?x8xbf16, strided<[1, 1]>>, memref<?xi64>
    %made = memref.alloc(%window) : memref<?x8xbf16>
    %place = memref.load %places[%c0] : memref<?xi64>
    %row = arith.index_cast %place : i64 to index
    %element = memref.load %memory[%row, %c1] : memref<?x8xbf16, strided<[1, 1]>>
    memref.store %element, %made[%c0, %c1] : memref<?x8xbf16>
    %number = memref.load %w[%c0, %c0, %c0, %c0, %c0] : memref<3x1x4x32x2xbf16, strided<[2048, 256, 64, 2, 1]>>
    memref.store %number, %made[%c1, %c1] : memref<?x8xbf16>
    rt.return_rows @experts[%round] %made into %results : memref<?x8xbf16> into memref<?x8xbf16>
  }
  rt.end_exchange @experts(%x gather %gather, %offsets) into %results : memref<?x8xbf16> gather memref<?xi32>, memref<4xi32> into memref<?x8xbf16>
  return
}
}

// The weight's entry in the artifact's table names the exchange, counted from 1.
// WEIGHT: llvm.array<1 x struct<(ptr, i32, i32, i64, i64, i64)>> {
// WEIGHT: %[[DTYPE:.*]] = llvm.mlir.constant(16 : i32)
// WEIGHT: llvm.insertvalue %[[DTYPE]], %{{.*}}[1]
// WEIGHT: %[[EXCHANGE:.*]] = llvm.mlir.constant(1 : i32)
// WEIGHT: llvm.insertvalue %[[EXCHANGE]], %{{.*}}[2]
