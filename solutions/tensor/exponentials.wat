;; eˣ, erf x and erfc x of many numbers, two float64 at a time. `npm run kernel` compiles it into exponentials.ts.
;;
;; Every step is rounded to a float64, in the order of special.ts and of the exp that V8 has for Math.exp, so every number
;; gets the bits it gets there. That exp is fdlibm's (e_exp.c, Sun Microsystems 1993):
;;
;;   x = k ln 2 + r, |r| ≤ ½ ln 2;   eˣ = 2ᵏ eʳ;   eʳ = 1 + r + r c / (2 - c);   c = r - r² P(r²)
;;
;; ln 2 is taken in two parts: the product of k with the high one is exact. r is high - low then.
(module
  (memory (export "memory") 1)

  (func $exp (param $x v128) (result v128)
    (local $size v128) (local $k v128) (local $high v128) (local $low v128)
    (local $r v128) (local $s v128) (local $c v128) (local $y v128)
    (local.set $size (f64x2.abs (local.get $x)))

    ;; k = x / ln 2 to the nearest whole number, halves away from 0; 0 below the first number fdlibm reduces, a little
    ;; above ½ ln 2
    (local.set $k
      (v128.and
        (f64x2.trunc
          (f64x2.add
            (f64x2.mul (local.get $x) (v128.const f64x2 1.4426950408889634 1.4426950408889634))
            (v128.or
              (v128.and (local.get $x) (v128.const f64x2 -0 -0))
              (v128.const f64x2 0.5 0.5))))
        (f64x2.ge (local.get $size) (v128.const f64x2 0x1.62e43p-2 0x1.62e43p-2))))
    (local.set $high
      (f64x2.sub
        (local.get $x)
        (f64x2.mul (local.get $k) (v128.const f64x2 0.6931471803691238 0.6931471803691238))))
    (local.set $low (f64x2.mul (local.get $k) (v128.const f64x2 1.9082149292705877e-10 1.9082149292705877e-10)))
    (local.set $r (f64x2.sub (local.get $high) (local.get $low)))

    (local.set $s (f64x2.mul (local.get $r) (local.get $r)))
    (local.set $c (v128.const f64x2 4.1381367970572385e-8 4.1381367970572385e-8))
    (local.set $c
      (f64x2.add
        (f64x2.mul (local.get $c) (local.get $s))
        (v128.const f64x2 -0.0000016533902205465252 -0.0000016533902205465252)))
    (local.set $c
      (f64x2.add
        (f64x2.mul (local.get $c) (local.get $s))
        (v128.const f64x2 0.00006613756321437934 0.00006613756321437934)))
    (local.set $c
      (f64x2.add
        (f64x2.mul (local.get $c) (local.get $s))
        (v128.const f64x2 -0.0027777777777015593 -0.0027777777777015593)))
    (local.set $c
      (f64x2.add
        (f64x2.mul (local.get $c) (local.get $s))
        (v128.const f64x2 0.16666666666666602 0.16666666666666602)))
    (local.set $c (f64x2.sub (local.get $r) (f64x2.mul (local.get $c) (local.get $s))))
    (local.set $y
      (f64x2.sub
        (v128.const f64x2 1 1)
        (f64x2.sub
          (f64x2.sub
            (local.get $low)
            (f64x2.div
              (f64x2.mul (local.get $r) (local.get $c))
              (f64x2.sub (v128.const f64x2 2 2) (local.get $c))))
          (local.get $high))))

    ;; Where 2ᵏ is a float64, its bits are k + 1023, moved to the exponent. Adding 1.5 · 2⁵² leaves k + 1023 in the lowest
    ;; bits of the sum.
    (if
      (i32.eqz
        (v128.any_true
          (v128.or
            (v128.or
              (f64x2.lt (local.get $size) (v128.const f64x2 0x1p-28 0x1p-28))
              (f64x2.eq (local.get $x) (v128.const f64x2 1 1)))
            (v128.not (f64x2.le (local.get $size) (v128.const f64x2 708 708))))))
      (then
        (return
          (f64x2.mul
            (local.get $y)
            (i64x2.shl
              (f64x2.add (local.get $k) (v128.const f64x2 0x1.80000000003ffp+52 0x1.80000000003ffp+52))
              (i32.const 52))))))

    ;; Near its ends, 2ᵏ in two halves: the first product is exact, and only the second is rounded.
    (local.set $s (f64x2.trunc (f64x2.mul (local.get $k) (v128.const f64x2 0.5 0.5))))
    (local.set $y
      (f64x2.mul
        (f64x2.mul
          (local.get $y)
          (i64x2.shl
            (f64x2.add (local.get $s) (v128.const f64x2 0x1.80000000003ffp+52 0x1.80000000003ffp+52))
            (i32.const 52)))
        (i64x2.shl
          (f64x2.add
            (f64x2.sub (local.get $k) (local.get $s))
            (v128.const f64x2 0x1.80000000003ffp+52 0x1.80000000003ffp+52))
          (i32.const 52))))
    ;; fdlibm's own exceptions: 1 + x for the smallest, e itself, infinity above, 0 below
    (local.set $y
      (v128.bitselect
        (f64x2.add (v128.const f64x2 1 1) (local.get $x))
        (local.get $y)
        (f64x2.lt (local.get $size) (v128.const f64x2 0x1p-28 0x1p-28))))
    (local.set $y
      (v128.bitselect
        (v128.const f64x2 2.718281828459045 2.718281828459045)
        (local.get $y)
        (f64x2.eq (local.get $x) (v128.const f64x2 1 1))))
    (local.set $y
      (v128.bitselect
        (v128.const f64x2 inf inf)
        (local.get $y)
        (f64x2.gt (local.get $x) (v128.const f64x2 709.782712893384 709.782712893384))))
    (v128.andnot
      (local.get $y)
      (f64x2.lt (local.get $x) (v128.const f64x2 -745.1332191019411 -745.1332191019411))))

  ;; erf for |x| ≤ 0.46875, as in special.ts
  (func $erfSmall (param $x v128) (result v128)
    (local $y v128) (local $p v128) (local $q v128)
    (local.set $y (f64x2.mul (local.get $x) (local.get $x)))
    (local.set $p (v128.const f64x2 0.18577770618460315 0.18577770618460315))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $y)) (v128.const f64x2 3.1611237438705655 3.1611237438705655)))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $y)) (v128.const f64x2 113.86415415105016 113.86415415105016)))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $y)) (v128.const f64x2 377.485237685302 377.485237685302)))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $y)) (v128.const f64x2 3209.3775891384694 3209.3775891384694)))
    (local.set $q (f64x2.add (local.get $y) (v128.const f64x2 23.601290952344122 23.601290952344122)))
    (local.set $q (f64x2.add (f64x2.mul (local.get $q) (local.get $y)) (v128.const f64x2 244.02463793444417 244.02463793444417)))
    (local.set $q (f64x2.add (f64x2.mul (local.get $q) (local.get $y)) (v128.const f64x2 1282.6165260773723 1282.6165260773723)))
    (local.set $q (f64x2.add (f64x2.mul (local.get $q) (local.get $y)) (v128.const f64x2 2844.236833439171 2844.236833439171)))
    (f64x2.div (f64x2.mul (local.get $x) (local.get $p)) (local.get $q)))

  ;; erfc for x > 0.46875, as in special.ts
  (func $erfcTail (param $x v128) (result v128)
    (local $y v128) (local $p v128) (local $q v128) (local $e v128) (local $middle v128)
    ;; exp(-x²), with y = x rounded down to sixteenths
    (local.set $y
      (f64x2.div
        (f64x2.floor (f64x2.mul (local.get $x) (v128.const f64x2 16 16)))
        (v128.const f64x2 16 16)))
    (local.set $e
      (f64x2.mul
        (call $exp (f64x2.neg (f64x2.mul (local.get $y) (local.get $y))))
        (call $exp
          (f64x2.mul
            (f64x2.neg (f64x2.sub (local.get $x) (local.get $y)))
            (f64x2.add (local.get $x) (local.get $y))))))

    (local.set $p (v128.const f64x2 2.1531153547440383e-8 2.1531153547440383e-8))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $x)) (v128.const f64x2 0.5641884969886701 0.5641884969886701)))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $x)) (v128.const f64x2 8.883149794388377 8.883149794388377)))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $x)) (v128.const f64x2 66.11919063714163 66.11919063714163)))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $x)) (v128.const f64x2 298.6351381974001 298.6351381974001)))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $x)) (v128.const f64x2 881.952221241769 881.952221241769)))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $x)) (v128.const f64x2 1712.0476126340707 1712.0476126340707)))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $x)) (v128.const f64x2 2051.0783778260716 2051.0783778260716)))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $x)) (v128.const f64x2 1230.3393547979972 1230.3393547979972)))
    (local.set $q (f64x2.add (local.get $x) (v128.const f64x2 15.744926110709835 15.744926110709835)))
    (local.set $q (f64x2.add (f64x2.mul (local.get $q) (local.get $x)) (v128.const f64x2 117.6939508913125 117.6939508913125)))
    (local.set $q (f64x2.add (f64x2.mul (local.get $q) (local.get $x)) (v128.const f64x2 537.1811018620099 537.1811018620099)))
    (local.set $q (f64x2.add (f64x2.mul (local.get $q) (local.get $x)) (v128.const f64x2 1621.3895745666903 1621.3895745666903)))
    (local.set $q (f64x2.add (f64x2.mul (local.get $q) (local.get $x)) (v128.const f64x2 3290.7992357334597 3290.7992357334597)))
    (local.set $q (f64x2.add (f64x2.mul (local.get $q) (local.get $x)) (v128.const f64x2 4362.619090143247 4362.619090143247)))
    (local.set $q (f64x2.add (f64x2.mul (local.get $q) (local.get $x)) (v128.const f64x2 3439.3676741437216 3439.3676741437216)))
    (local.set $q (f64x2.add (f64x2.mul (local.get $q) (local.get $x)) (v128.const f64x2 1230.3393548037495 1230.3393548037495)))
    (local.set $middle (f64x2.div (f64x2.mul (local.get $e) (local.get $p)) (local.get $q)))
    (if
      (i64x2.all_true (f64x2.le (local.get $x) (v128.const f64x2 4 4)))
      (then (return (local.get $middle))))

    (local.set $y (f64x2.div (v128.const f64x2 1 1) (f64x2.mul (local.get $x) (local.get $x))))
    (local.set $p (v128.const f64x2 0.016315387137302097 0.016315387137302097))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $y)) (v128.const f64x2 0.30532663496123236 0.30532663496123236)))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $y)) (v128.const f64x2 0.36034489994980445 0.36034489994980445)))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $y)) (v128.const f64x2 0.12578172611122926 0.12578172611122926)))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $y)) (v128.const f64x2 0.016083785148742275 0.016083785148742275)))
    (local.set $p (f64x2.add (f64x2.mul (local.get $p) (local.get $y)) (v128.const f64x2 0.0006587491615298378 0.0006587491615298378)))
    (local.set $q (f64x2.add (local.get $y) (v128.const f64x2 2.568520192289822 2.568520192289822)))
    (local.set $q (f64x2.add (f64x2.mul (local.get $q) (local.get $y)) (v128.const f64x2 1.8729528499234673 1.8729528499234673)))
    (local.set $q (f64x2.add (f64x2.mul (local.get $q) (local.get $y)) (v128.const f64x2 0.5279051029514285 0.5279051029514285)))
    (local.set $q (f64x2.add (f64x2.mul (local.get $q) (local.get $y)) (v128.const f64x2 0.06051834131244132 0.06051834131244132)))
    (local.set $q (f64x2.add (f64x2.mul (local.get $q) (local.get $y)) (v128.const f64x2 0.0023352049762686918 0.0023352049762686918)))
    (v128.andnot
      (v128.bitselect
        (local.get $middle)
        (f64x2.div
          (f64x2.mul
            (local.get $e)
            (f64x2.sub
              (v128.const f64x2 0.5641895835477563 0.5641895835477563)
              (f64x2.div (f64x2.mul (local.get $y) (local.get $p)) (local.get $q))))
          (local.get $x))
        (f64x2.le (local.get $x) (v128.const f64x2 4 4)))
      (f64x2.gt (local.get $x) (v128.const f64x2 27 27))))

  ;; Each replaces the numbers from address $p to $end, a multiple of two of them.

  (func (export "exp") (param $p i32) (param $end i32)
    (block $done (loop $pairs
      (br_if $done (i32.ge_u (local.get $p) (local.get $end)))
      (v128.store (local.get $p) (call $exp (v128.load (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.const 16)))
      (br $pairs))))

  (func (export "erf") (param $p i32) (param $end i32)
    (local $x v128) (local $size v128) (local $small v128) (local $y v128)
    (block $done (loop $pairs
      (br_if $done (i32.ge_u (local.get $p) (local.get $end)))
      (local.set $x (v128.load (local.get $p)))
      (local.set $size (f64x2.abs (local.get $x)))
      (local.set $small (f64x2.le (local.get $size) (v128.const f64x2 0.46875 0.46875)))
      (local.set $y (call $erfSmall (local.get $x)))
      (if (i32.eqz (i64x2.all_true (local.get $small)))
        (then
          (local.set $y
            (v128.bitselect
              (local.get $y)
              (v128.or
                (f64x2.sub (v128.const f64x2 1 1) (call $erfcTail (local.get $size)))
                (v128.and (local.get $x) (v128.const f64x2 -0 -0)))
              (local.get $small)))))
      (v128.store (local.get $p) (local.get $y))
      (local.set $p (i32.add (local.get $p) (i32.const 16)))
      (br $pairs))))

  (func (export "erfc") (param $p i32) (param $end i32)
    (local $x v128) (local $size v128) (local $small v128) (local $y v128)
    (block $done (loop $pairs
      (br_if $done (i32.ge_u (local.get $p) (local.get $end)))
      (local.set $x (v128.load (local.get $p)))
      (local.set $size (f64x2.abs (local.get $x)))
      (local.set $small (f64x2.le (local.get $size) (v128.const f64x2 0.46875 0.46875)))
      (local.set $y (f64x2.sub (v128.const f64x2 1 1) (call $erfSmall (local.get $x))))
      (if (i32.eqz (i64x2.all_true (local.get $small)))
        (then
          (local.set $size (call $erfcTail (local.get $size)))
          (local.set $y
            (v128.bitselect
              (local.get $y)
              (v128.bitselect
                (local.get $size)
                (f64x2.sub (v128.const f64x2 2 2) (local.get $size))
                (f64x2.gt (local.get $x) (v128.const f64x2 0 0)))
              (local.get $small)))))
      (v128.store (local.get $p) (local.get $y))
      (local.set $p (i32.add (local.get $p) (i32.const 16)))
      (br $pairs)))))
