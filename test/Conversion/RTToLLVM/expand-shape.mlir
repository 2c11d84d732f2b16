// RUN: moe-opt %s --convert-rt-to-llvm | FileCheck %s

// A dimension expanded to two dynamic ones, of contiguous and of strided memory,
// with a view of the result.

// CHECK-LABEL: llvm.func internal @rows
// CHECK-NOT:   memref
// CHECK:       llvm.return
func.func private @rows(%x: memref<?x36xf32>, %y: memref<?x36xf32, strided<[72, 1], offset: 36>>,
                        %b: index, %s: index, %i: index) -> f32 {
  %0 = memref.expand_shape %x [[0, 1], [2]] output_shape [%b, %s, 36] : memref<?x36xf32> into memref<?x?x36xf32>
  %1 = memref.expand_shape %y [[0, 1], [2]] output_shape [%b, %s, 36]
      : memref<?x36xf32, strided<[72, 1], offset: 36>> into memref<?x?x36xf32, strided<[?, 72, 1], offset: 36>>
  %2 = memref.subview %0[%i, 0, 0] [1, %s, 36] [1, 1, 1]
      : memref<?x?x36xf32> to memref<1x?x36xf32, strided<[?, 36, 1], offset: ?>>
  %c0 = arith.constant 0 : index
  %3 = memref.load %2[%c0, %i, %i] : memref<1x?x36xf32, strided<[?, 36, 1], offset: ?>>
  %4 = memref.load %1[%i, %i, %i] : memref<?x?x36xf32, strided<[?, 72, 1], offset: 36>>
  %5 = arith.addf %3, %4 : f32
  return %5 : f32
}

func.func @main(%x: memref<?x36xf32>, %y: memref<?x36xf32>, %o: memref<1xf32>) attributes {rt.entry, rt.outputs = []} {
  return
}
