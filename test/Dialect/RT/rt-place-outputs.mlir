// RUN: moe-opt %s --rt-place-outputs | FileCheck %s

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

// Other functions keep their results.
// CHECK-LABEL: func.func private @helper
// CHECK: return %{{.*}} : memref<4xf32>
func.func private @helper() -> memref<4xf32> {
  %a = memref.alloc() : memref<4xf32>
  return %a : memref<4xf32>
}
