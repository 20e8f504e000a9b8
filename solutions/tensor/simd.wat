;; The matrix product in WebAssembly, two float64 at a time. `npm run kernel` compiles it into simd.ts.
;;
;; It adds up every entry of the product in the same order as matmul.ts does, over k = 0, 1, 2, … from 0, and rounds
;; after every multiplication and after every addition, so both give the same bits.
;;
;; The work goes in strips of 4 columns. A strip of b is first copied to $strip, where its rows follow one another: so
;; the innermost loop reads it in one go, and it stays in the fastest cache for all rows of a. Then 4 rows of a times
;; the strip give a tile of 4 by 4, whose 16 sums live in eight registers until they are done.
(module
  (memory (export "memory") 1)

  ;; All addresses are in bytes: $out (m, n), $a (m, k), $b (k, n), and $strip with room for (k, 4).
  (func (export "multiply")
    (param $out i32) (param $a i32) (param $b i32) (param $strip i32) (param $m i32) (param $k i32) (param $n i32)
    (local $aRow i32) (local $bRow i32) (local $end i32) (local $j i32) (local $i i32) (local $from i32) (local $p i32)
    (local $o i32) (local $a0 i32) (local $a1 i32) (local $a2 i32) (local $a3 i32)
    (local $left v128) (local $right v128) (local $x v128) (local $sum f64)
    (local $c00 v128) (local $c01 v128) (local $c10 v128) (local $c11 v128)
    (local $c20 v128) (local $c21 v128) (local $c30 v128) (local $c31 v128)

    (local.set $aRow (i32.shl (local.get $k) (i32.const 3)))
    (local.set $bRow (i32.shl (local.get $n) (i32.const 3)))
    (local.set $end (i32.add (local.get $strip) (i32.shl (local.get $k) (i32.const 5))))

    (block $columns-done (loop $columns
      (br_if $columns-done (i32.gt_s (i32.add (local.get $j) (i32.const 4)) (local.get $n)))

      ;; strip = columns j … j + 3 of b
      (local.set $from (i32.add (local.get $b) (i32.shl (local.get $j) (i32.const 3))))
      (local.set $p (local.get $strip))
      (block $copied (loop $copy
        (br_if $copied (i32.ge_u (local.get $p) (local.get $end)))
        (v128.store (local.get $p) (v128.load (local.get $from)))
        (v128.store offset=16 (local.get $p) (v128.load offset=16 (local.get $from)))
        (local.set $p (i32.add (local.get $p) (i32.const 32)))
        (local.set $from (i32.add (local.get $from) (local.get $bRow)))
        (br $copy)))

      (local.set $a0 (local.get $a))
      (local.set $o (i32.add (local.get $out) (i32.shl (local.get $j) (i32.const 3))))
      (local.set $i (i32.const 0))

      ;; four rows at a time
      (block $tiles-done (loop $tiles
        (br_if $tiles-done (i32.gt_s (i32.add (local.get $i) (i32.const 4)) (local.get $m)))
        (local.set $a1 (i32.add (local.get $a0) (local.get $aRow)))
        (local.set $a2 (i32.add (local.get $a1) (local.get $aRow)))
        (local.set $a3 (i32.add (local.get $a2) (local.get $aRow)))
        (local.set $c00 (v128.const f64x2 0 0)) (local.set $c01 (v128.const f64x2 0 0))
        (local.set $c10 (v128.const f64x2 0 0)) (local.set $c11 (v128.const f64x2 0 0))
        (local.set $c20 (v128.const f64x2 0 0)) (local.set $c21 (v128.const f64x2 0 0))
        (local.set $c30 (v128.const f64x2 0 0)) (local.set $c31 (v128.const f64x2 0 0))
        (local.set $p (local.get $strip))
        (block $summed (loop $steps
          (br_if $summed (i32.ge_u (local.get $p) (local.get $end)))
          (local.set $left (v128.load (local.get $p)))
          (local.set $right (v128.load offset=16 (local.get $p)))
          (local.set $x (v128.load64_splat (local.get $a0)))
          (local.set $c00 (f64x2.add (local.get $c00) (f64x2.mul (local.get $x) (local.get $left))))
          (local.set $c01 (f64x2.add (local.get $c01) (f64x2.mul (local.get $x) (local.get $right))))
          (local.set $x (v128.load64_splat (local.get $a1)))
          (local.set $c10 (f64x2.add (local.get $c10) (f64x2.mul (local.get $x) (local.get $left))))
          (local.set $c11 (f64x2.add (local.get $c11) (f64x2.mul (local.get $x) (local.get $right))))
          (local.set $x (v128.load64_splat (local.get $a2)))
          (local.set $c20 (f64x2.add (local.get $c20) (f64x2.mul (local.get $x) (local.get $left))))
          (local.set $c21 (f64x2.add (local.get $c21) (f64x2.mul (local.get $x) (local.get $right))))
          (local.set $x (v128.load64_splat (local.get $a3)))
          (local.set $c30 (f64x2.add (local.get $c30) (f64x2.mul (local.get $x) (local.get $left))))
          (local.set $c31 (f64x2.add (local.get $c31) (f64x2.mul (local.get $x) (local.get $right))))
          (local.set $a0 (i32.add (local.get $a0) (i32.const 8)))
          (local.set $a1 (i32.add (local.get $a1) (i32.const 8)))
          (local.set $a2 (i32.add (local.get $a2) (i32.const 8)))
          (local.set $a3 (i32.add (local.get $a3) (i32.const 8)))
          (local.set $p (i32.add (local.get $p) (i32.const 32)))
          (br $steps)))
        (v128.store (local.get $o) (local.get $c00))
        (v128.store offset=16 (local.get $o) (local.get $c01))
        (local.set $o (i32.add (local.get $o) (local.get $bRow)))
        (v128.store (local.get $o) (local.get $c10))
        (v128.store offset=16 (local.get $o) (local.get $c11))
        (local.set $o (i32.add (local.get $o) (local.get $bRow)))
        (v128.store (local.get $o) (local.get $c20))
        (v128.store offset=16 (local.get $o) (local.get $c21))
        (local.set $o (i32.add (local.get $o) (local.get $bRow)))
        (v128.store (local.get $o) (local.get $c30))
        (v128.store offset=16 (local.get $o) (local.get $c31))
        (local.set $o (i32.add (local.get $o) (local.get $bRow)))
        ;; a0 stands at the beginning of the next row now, and a3 at the end of the fourth
        (local.set $a0 (local.get $a3))
        (local.set $i (i32.add (local.get $i) (i32.const 4)))
        (br $tiles)))

      ;; what rows are left, one at a time
      (block $rows-done (loop $rows
        (br_if $rows-done (i32.ge_s (local.get $i) (local.get $m)))
        (local.set $c00 (v128.const f64x2 0 0)) (local.set $c01 (v128.const f64x2 0 0))
        (local.set $p (local.get $strip))
        (block $summed (loop $steps
          (br_if $summed (i32.ge_u (local.get $p) (local.get $end)))
          (local.set $x (v128.load64_splat (local.get $a0)))
          (local.set $c00 (f64x2.add (local.get $c00) (f64x2.mul (local.get $x) (v128.load (local.get $p)))))
          (local.set $c01 (f64x2.add (local.get $c01) (f64x2.mul (local.get $x) (v128.load offset=16 (local.get $p)))))
          (local.set $a0 (i32.add (local.get $a0) (i32.const 8)))
          (local.set $p (i32.add (local.get $p) (i32.const 32)))
          (br $steps)))
        (v128.store (local.get $o) (local.get $c00))
        (v128.store offset=16 (local.get $o) (local.get $c01))
        (local.set $o (i32.add (local.get $o) (local.get $bRow)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $rows)))

      (local.set $j (i32.add (local.get $j) (i32.const 4)))
      (br $columns)))

    ;; what columns are left, one number at a time
    (block $done (loop $rest
      (br_if $done (i32.ge_s (local.get $j) (local.get $n)))
      (local.set $i (i32.const 0))
      (local.set $a0 (local.get $a))
      (local.set $o (i32.add (local.get $out) (i32.shl (local.get $j) (i32.const 3))))
      (block $rows-done (loop $rows
        (br_if $rows-done (i32.ge_s (local.get $i) (local.get $m)))
        (local.set $from (i32.add (local.get $b) (i32.shl (local.get $j) (i32.const 3))))
        (local.set $end (i32.add (local.get $a0) (local.get $aRow)))
        (local.set $sum (f64.const 0))
        (block $summed (loop $steps
          (br_if $summed (i32.ge_u (local.get $a0) (local.get $end)))
          (local.set $sum (f64.add (local.get $sum) (f64.mul (f64.load (local.get $a0)) (f64.load (local.get $from)))))
          (local.set $a0 (i32.add (local.get $a0) (i32.const 8)))
          (local.set $from (i32.add (local.get $from) (local.get $bRow)))
          (br $steps)))
        (f64.store (local.get $o) (local.get $sum))
        (local.set $o (i32.add (local.get $o) (local.get $bRow)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $rows)))
      (local.set $j (i32.add (local.get $j) (i32.const 1)))
      (br $rest)))))
