package org.openapitools.jackson.nullable;

import java.util.NoSuchElementException;
import java.util.Objects;

/**
 * A value of a JSON member that may be absent, null, or there.
 *
 * <p>Stands in for the small library of that name, on which generated clients in Java depend: no package of Debian has
 * it, and the check loads nothing from elsewhere.
 */
public final class JsonNullable<T> {
    private static final JsonNullable<?> UNDEFINED = new JsonNullable<>(null, false);

    private final T value;
    private final boolean present;

    private JsonNullable(T value, boolean present) {
        this.value = value;
        this.present = present;
    }

    @SuppressWarnings("unchecked")
    public static <T> JsonNullable<T> undefined() {
        return (JsonNullable<T>) UNDEFINED;
    }

    public static <T> JsonNullable<T> of(T value) {
        return new JsonNullable<>(value, true);
    }

    public boolean isPresent() {
        return present;
    }

    public T get() {
        if (!present) throw new NoSuchElementException("the member is absent");
        return value;
    }

    public T orElse(T other) {
        return present ? value : other;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof JsonNullable<?> one && one.present == present && Objects.deepEquals(one.value, value);
    }

    @Override
    public int hashCode() {
        return Objects.hash(value, present);
    }

    @Override
    public String toString() {
        return present ? String.valueOf(value) : "undefined";
    }
}
