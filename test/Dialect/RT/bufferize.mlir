// RUN: moe-opt %s --one-shot-bufferize=bufferize-function-boundaries | FileCheck %s

rt.weight @w : tensor<4xf32> = #rt.file<"w", 0, tensor<4xf32>>
rt.weight @p : !llvm.ptr = #rt.pack<#rt.file<"w", 0, tensor<4x4xf32>>, 1>

// Weights are read in place and copied before they are written.
// CHECK-LABEL: func.func @main
// CHECK: %[[W:.*]] = rt.get_weight @w : memref<4xf32>
// CHECK: rt.get_weight @p : !llvm.ptr
// CHECK: %[[COPY:.*]] = memref.alloc
// CHECK: memref.copy %[[W]], %[[COPY]]
// CHECK: memref.store %{{.*}}, %[[COPY]]
// CHECK: memref.load %[[W]]
func.func @main(%f: f32) -> (tensor<4xf32>, f32, !llvm.ptr) {
  %c0 = arith.constant 0 : index
  %w = rt.get_weight @w : tensor<4xf32>
  %p = rt.get_weight @p : !llvm.ptr
  %t = tensor.insert %f into %w[%c0] : tensor<4xf32>
  %e = tensor.extract %w[%c0] : tensor<4xf32>
  return %t, %e, %p : tensor<4xf32>, f32, !llvm.ptr
}
