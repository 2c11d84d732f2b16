// RUN: moe-opt %s --rt-place-outputs --allow-unregistered-dialect | FileCheck %s

func.func private @k(%begin: index, %end: index, %y: memref<?x64xf32>) attributes {rt.kernel} {
  return
}

// CHECK-LABEL: func.func @main(
// CHECK-SAME: rt.outputs = [#rt.value<"y", tensor<?x64xf32> dims["rows", ""]>, #rt.value<"output1", tensor<?x64xf32>>, #rt.value<"output2", tensor<?x64xf32>>, #rt.value<"z", tensor<?xi8> dtype "u8">]
func.func @main(%x: memref<?x64xf32>, %z: memref<?xi8>)
    -> (memref<?x64xf32> {rt.name = "y", rt.dim_names = ["rows", ""]}, memref<?x64xf32>, memref<?x64xf32>,
        memref<?xi8> {rt.name = "z", rt.dtype = "u8"}) attributes {rt.entry} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x64xf32>
  // CHECK: %[[Y:.*]] = rt.output 0(%{{.*}}) : memref<?x64xf32>
  %y = memref.alloc(%n) : memref<?x64xf32>
  // A cast does not hide the allocation.
  // CHECK: %[[S:.*]] = rt.output 1() : memref<8x64xf32>
  %s = memref.alloc() : memref<8x64xf32>
  %t = memref.cast %s : memref<8x64xf32> to memref<?x64xf32>
  // CHECK: rt.launch @k units(%{{.*}}) (%[[Y]])
  rt.launch @k units(%n) (%y) : memref<?x64xf32>
  // What is returned a second time, and arguments, are copied.
  // CHECK: %[[C:.*]] = rt.output 2(%{{.*}}) : memref<?x64xf32>
  // CHECK: memref.copy %[[Y]], %[[C]]
  // CHECK: %[[Z:.*]] = rt.output 3(%{{.*}}) : memref<?xi8>
  // CHECK: memref.copy %arg1, %[[Z]]
  // CHECK-NEXT: return{{$}}
  return %y, %t, %y, %z : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<?xi8>
}

// An allocation inside a branch is copied.
// CHECK-LABEL: func.func @branch
// CHECK: %[[R:.*]] = scf.if
// CHECK: memref.alloc
// CHECK: %[[O:.*]] = rt.output 0() : memref<4xf32>
// CHECK: memref.copy %[[R]], %[[O]]
func.func @branch(%c: memref<i1>, %x: memref<4xf32>) -> memref<4xf32> attributes {rt.entry} {
  %b = memref.load %c[] : memref<i1>
  %r = scf.if %b -> memref<4xf32> {
    %a = memref.alloc() : memref<4xf32>
    scf.yield %a : memref<4xf32>
  } else {
    scf.yield %x : memref<4xf32>
  }
  return %r : memref<4xf32>
}

// What is returned in another shape is written in place, through the opposite reshape; the sizes of that shape are
// computed before.
// CHECK-LABEL: func.func @expanded
// CHECK: %[[B:.*]] = memref.dim %arg0, %c0
// CHECK: %[[N:.*]] = arith.muli
// CHECK: %[[L:.*]] = memref.dim %arg0, %c1
// CHECK-NEXT: %[[O:.*]] = rt.output 0(%[[B]], %[[L]]) : memref<?x?x64xf32>
// CHECK: %[[Y:.*]] = memref.collapse_shape %[[O]] {{\[\[}}0, 1], [2]] : memref<?x?x64xf32> into memref<?x64xf32>
// CHECK: rt.launch @k units(%[[N]]) (%[[Y]])
// CHECK-NOT: memref.copy
// CHECK: return
func.func @expanded(%x: memref<?x?x64xf32>) -> memref<?x?x64xf32> attributes {rt.entry} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = memref.dim %x, %c0 : memref<?x?x64xf32>
  %l = memref.dim %x, %c1 : memref<?x?x64xf32>
  %n = arith.muli %b, %l : index
  %y = memref.alloc(%n) : memref<?x64xf32>
  rt.launch @k units(%n) (%y) : memref<?x64xf32>
  %late = memref.dim %x, %c1 : memref<?x?x64xf32>
  %e = memref.expand_shape %y [[0, 1], [2]] output_shape [%b, %late, 64] : memref<?x64xf32> into memref<?x?x64xf32>
  return %e : memref<?x?x64xf32>
}

// CHECK-LABEL: func.func @collapsed
// CHECK: %[[N:.*]] = arith.muli %{{.*}}, %{{.*}} : index
// CHECK: %[[O:.*]] = rt.output 0(%[[N]]) : memref<?x64xf32>
// CHECK: %[[Y:.*]] = memref.expand_shape %[[O]] {{\[\[}}0, 1], [2]] output_shape [%[[B:.*]], 4, 64] : memref<?x64xf32> into memref<?x4x64xf32>
// CHECK: "test.write"(%[[Y]])
// CHECK-NOT: memref.copy
// CHECK: return
func.func @collapsed(%x: memref<?x64xf32>) -> memref<?x64xf32> attributes {rt.entry} {
  %c0 = arith.constant 0 : index
  %b = memref.dim %x, %c0 : memref<?x64xf32>
  %y = memref.alloc(%b) : memref<?x4x64xf32>
  "test.write"(%y) : (memref<?x4x64xf32>) -> ()
  %c = memref.collapse_shape %y [[0, 1], [2]] : memref<?x4x64xf32> into memref<?x64xf32>
  return %c : memref<?x64xf32>
}

// One after the other, with a cast last.
// CHECK-LABEL: func.func @both
// CHECK: %[[O:.*]] = rt.output 0() : memref<2x32xf32>
// CHECK: %[[A:.*]] = memref.collapse_shape %[[O]] {{\[\[}}0, 1]] : memref<2x32xf32> into memref<64xf32>
// CHECK: %[[Y:.*]] = memref.expand_shape %[[A]] {{\[\[}}0, 1]] output_shape [4, 16] : memref<64xf32> into memref<4x16xf32>
// CHECK: "test.write"(%[[Y]])
// CHECK-NOT: memref.copy
// CHECK: return
func.func @both() -> memref<2x?xf32> attributes {rt.entry} {
  %y = memref.alloc() : memref<4x16xf32>
  "test.write"(%y) : (memref<4x16xf32>) -> ()
  %c = memref.collapse_shape %y [[0, 1]] : memref<4x16xf32> into memref<64xf32>
  %e = memref.expand_shape %c [[0, 1]] output_shape [2, 32] : memref<64xf32> into memref<2x32xf32>
  %t = memref.cast %e : memref<2x32xf32> to memref<2x?xf32>
  return %t : memref<2x?xf32>
}

// A size that is read from memory after the allocation is not known there.
// CHECK-LABEL: func.func @late
// CHECK: %[[A:.*]] = memref.alloc
// CHECK: %[[E:.*]] = memref.expand_shape
// CHECK: %[[O:.*]] = rt.output 0(
// CHECK: memref.copy %[[E]], %[[O]]
func.func @late(%x: memref<index>, %n: memref<index>) -> memref<?x4xf32> attributes {rt.entry} {
  %count = memref.load %n[] : memref<index>
  %y = memref.alloc(%count) : memref<?xf32>
  "test.write"(%y) : (memref<?xf32>) -> ()
  %b = memref.load %x[] : memref<index>
  %e = memref.expand_shape %y [[0, 1]] output_shape [%b, 4] : memref<?xf32> into memref<?x4xf32>
  return %e : memref<?x4xf32>
}

// A second result that is another shape of the same memory is copied.
// CHECK-LABEL: func.func @twice
// CHECK: %[[O:.*]] = rt.output 0() : memref<2x32xf32>
// CHECK: %[[P:.*]] = rt.output 1() : memref<64xf32>
// CHECK: memref.copy %{{.*}}, %[[P]]
func.func @twice() -> (memref<2x32xf32>, memref<64xf32>) attributes {rt.entry} {
  %y = memref.alloc() : memref<64xf32>
  "test.write"(%y) : (memref<64xf32>) -> ()
  %e = memref.expand_shape %y [[0, 1]] output_shape [2, 32] : memref<64xf32> into memref<2x32xf32>
  return %e, %y : memref<2x32xf32>, memref<64xf32>
}

// Other functions keep their results.
// CHECK-LABEL: func.func private @helper
// CHECK: return %{{.*}} : memref<4xf32>
func.func private @helper() -> memref<4xf32> {
  %a = memref.alloc() : memref<4xf32>
  return %a : memref<4xf32>
}
