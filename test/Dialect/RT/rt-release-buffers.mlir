// RUN: moe-opt %s --rt-release-buffers | FileCheck %s
// RUN: not moe-opt %S/Inputs/unplaced.mlir --rt-release-buffers 2>&1 | FileCheck %s --check-prefix=UNPLACED

// UNPLACED: expects outputs to have been placed; run --rt-place-outputs first

func.func private @k(%begin: index, %end: index, %y: memref<?xf32>) attributes {rt.kernel} {
  // A kernel's memory is not this pass's business.
  return
}

// CHECK-LABEL: func.func private @straight
func.func private @straight(%n: index) {
  // CHECK: %[[A:.*]] = memref.alloc
  // CHECK: %[[B:.*]] = memref.alloc
  // CHECK: %[[U:.*]] = memref.alloc
  // CHECK-NEXT: memref.dealloc %[[U]]
  // CHECK: rt.launch @k units(%{{.*}}) (%[[A]])
  // The view of A is used after A itself.
  // CHECK: rt.launch @k units(%{{.*}}) (%{{.*}})
  // CHECK-NEXT: memref.dealloc %[[A]]
  // CHECK: rt.launch @k units(%{{.*}}) (%[[B]])
  // CHECK-NEXT: memref.dealloc %[[B]]
  %a = memref.alloc(%n) : memref<?xf32>
  %b = memref.alloc(%n) : memref<?xf32>
  %unused = memref.alloc(%n) : memref<?xf32>
  %v = memref.reinterpret_cast %a to offset: [0], sizes: [%n], strides: [1] : memref<?xf32> to memref<?xf32>
  rt.launch @k units(%n) (%a) : memref<?xf32>
  rt.launch @k units(%n) (%v) : memref<?xf32>
  rt.launch @k units(%n) (%b) : memref<?xf32>
  return
}

// The caller owns what it gets; a result that may be an argument is none of its own.
// CHECK-LABEL: func.func private @fresh
// CHECK-NOT: memref.dealloc
func.func private @fresh(%x: memref<?xf32>, %n: index) -> memref<?xf32> {
  %a = memref.alloc(%n) : memref<?xf32>
  return %a : memref<?xf32>
}
// CHECK-LABEL: func.func private @same
func.func private @same(%x: memref<?xf32>) -> memref<?xf32> {
  return %x : memref<?xf32>
}
// CHECK-LABEL: func.func private @chain
func.func private @chain(%x: memref<?xf32>, %n: index) -> memref<?xf32> {
  // CHECK: %[[P:.*]] = call @fresh
  // CHECK: %[[Q:.*]] = call @same(%[[P]])
  // CHECK: %[[R:.*]] = call @fresh(%[[Q]], %{{.*}})
  // CHECK-NEXT: memref.dealloc %[[P]]
  // CHECK-NEXT: return %[[R]]
  %p = call @fresh(%x, %n) : (memref<?xf32>, index) -> memref<?xf32>
  %q = call @same(%p) : (memref<?xf32>) -> memref<?xf32>
  %r = call @fresh(%q, %n) : (memref<?xf32>, index) -> memref<?xf32>
  return %r : memref<?xf32>
}

// Inside regions, and used inside regions.
// CHECK-LABEL: func.func private @regions
func.func private @regions(%n: index, %c: i1) {
  // CHECK: %[[A:.*]] = memref.alloc
  // CHECK: scf.for
  // CHECK: %[[B:.*]] = memref.alloc
  // CHECK: rt.launch @k units(%{{.*}}) (%[[B]])
  // CHECK-NEXT: memref.dealloc %[[B]]
  // CHECK-NEXT: rt.launch @k units(%{{.*}}) (%[[A]])
  // CHECK-NEXT: }
  // CHECK-NEXT: memref.dealloc %[[A]]
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc(%n) : memref<?xf32>
  scf.for %i = %c0 to %n step %c1 {
    %b = memref.alloc(%n) : memref<?xf32>
    rt.launch @k units(%n) (%b) : memref<?xf32>
    rt.launch @k units(%n) (%a) : memref<?xf32>
  }
  // CHECK: %[[E:.*]] = memref.alloc
  // CHECK: scf.if
  // CHECK: %[[D:.*]] = memref.alloc
  // CHECK-NEXT: scf.yield %[[D]]
  // CHECK: rt.launch
  // CHECK-NEXT: memref.dealloc %[[E]]
  // CHECK-NEXT: return
  %e = memref.alloc(%n) : memref<?xf32>
  %r = scf.if %c -> memref<?xf32> {
    %d = memref.alloc(%n) : memref<?xf32>
    scf.yield %d : memref<?xf32>
  } else {
    scf.yield %e : memref<?xf32>
  }
  rt.launch @k units(%n) (%r) : memref<?xf32>
  return
}
